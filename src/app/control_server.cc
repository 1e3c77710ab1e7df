#include "app/control_server.h"

#include <unistd.h>

#include <algorithm>
#include <exception>

#include "app/record_text.h"
#include "app/version.h"
#include "os/clock.h"
#include "os/invocation.h"
#include "os/memory.h"
#include "protocol/record_json.h"

namespace gatevisor::app {
namespace {

constexpr std::uint64_t kListener = 0;
constexpr std::size_t kMostTurn = 4;  ///< clients in one turn
constexpr std::size_t kMostAtOnce = 4096;  ///< bytes of one client in one turn
constexpr std::size_t kMostCommandLine = 160;

}  // namespace

ControlServer::ControlServer(ControlOptions options, ControlHost host, os::EventLoop& loop)
    : options_(std::move(options)), host_(std::move(host)), loop_(loop) {}

Expected<void> ControlServer::listen(const std::string& name) {
  if (!options_.wanted) return {};
  auto socket = os::ControlSocket::listen({options_.path, name, options_.gid});
  if (!socket) return std::unexpected(std::move(socket.error()));
  auto ready = os::Poller::create(kMostTurn);
  if (!ready) return std::unexpected(std::move(ready.error()));
  socket_ = std::move(*socket);
  ready_ = std::move(*ready);
  if (auto added = ready_->watch(socket_.fd(), os::kReadable, kListener); !added) return added;
  return loop_.watch(ready_->fd(), os::kReadable, os::Source::Control);
}

bool ControlServer::may_change(const os::Peer& peer) const {
  return peer.uid == 0 || peer.uid == geteuid();
}

bool ControlServer::may_read(const os::Peer& peer) const {
  return may_change(peer) ||
         (options_.gid && std::ranges::find(peer.groups, *options_.gid) != peer.groups.end());
}

// ---- connections -----------------------------------------------------------------------------

// Whatever a client brings about must not reach gatevisor's own work.
void ControlServer::handle(Instant now) {
  const bool had_clients = !clients_.empty();
  try {
    serve(now);
  } catch (const std::exception&) {  // out of memory
    drop_all();
  }
  // What their calls took is not needed while there is nobody.
  if (had_clients && clients_.empty()) os::release_startup_memory();
}

void ControlServer::serve(Instant now) {
  if (!ready_) return;
  for (const os::Poller::Ready& event : ready_->wait(Duration{0})) {
    if (event.key == kListener) {
      accept(now);
    } else if (clients_.contains(event.key)) {
      take(event.key, event, now);
    }
  }
}

// One a turn.
void ControlServer::accept(Instant now) {
  os::ControlSocket::Accepted accepted;
  switch (socket_.accept(accepted)) {
    case os::ControlSocket::Outcome::None: return;
    case os::ControlSocket::Outcome::NoRoom: return pause(now);
    case os::ControlSocket::Outcome::Taken: break;
  }
  const std::uint64_t key = next_key_++;
  Client client;
  client.stream = std::move(accepted.stream);
  client.peer = std::move(accepted.peer);
  client.since = now;
  client.may_change = may_change(client.peer);
  const bool allowed = may_read(client.peer);
  if (!allowed || !make_room()) {
    const auto error =
        allowed ? protocol::CallError::TooManyClients : protocol::CallError::PermissionDenied;
    client.out = protocol::error_reply(error, {});
    (void)client.stream.send(client.out);
    return;
  }
  if (!ready_->watch(client.stream.fd(), os::kReadable, key)) return;
  clients_.emplace(key, std::move(client));
}

bool ControlServer::make_room() {
  return clients_.size() < kMostClients || drop_quietest();
}

/// It makes room for one that may have something to say. False: all are waiting.
bool ControlServer::drop_quietest() {
  auto quietest = clients_.end();
  for (auto each = clients_.begin(); each != clients_.end(); ++each) {
    if (each->second.waits()) continue;
    if (quietest == clients_.end() || each->second.since < quietest->second.since) quietest = each;
  }
  if (quietest == clients_.end()) return false;
  drop(quietest->first);
  return true;
}

void ControlServer::pause(Instant now) {
  (void)drop_quietest();  // its descriptor may be what is missing
  ready_->change(socket_.fd(), 0, kListener);
  paused_until_ = now + kPause;
}

void ControlServer::take(std::uint64_t key, const os::Poller::Ready& event, Instant now) {
  Client& client = clients_.at(key);
  if (event.gone && !event.readable) return drop(key);
  if (event.readable && client.out.empty() && !client.waits() && !read_more(client)) {
    // What it had sent before it stopped sending is still answered.
    if (client.in.find('\0') == std::string::npos) return drop(key);
  }
  if (event.gone && client.in.find('\0') == std::string::npos && client.out.empty()) {
    return drop(key);
  }
  if (!client.out.empty()) return send(key, client, now);
  next_call(key, client, now);
}

/// False: it sends no more.
bool ControlServer::read_more(Client& client) {
  return client.stream.receive(client.in, kMostAtOnce) != os::ControlStream::Result::End;
}

// One a turn.
void ControlServer::next_call(std::uint64_t key, Client& client, Instant now) {
  const std::size_t end = client.in.find('\0');
  if (end == std::string::npos) {
    if (client.in.size() > protocol::kMaxCall) return drop(key);
    return send(key, client, now);
  }
  const auto asked = protocol::read_call(std::string_view(client.in).substr(0, end));
  if (!asked) return drop(key);
  client.in.erase(0, end + 1);
  client.since = now;
  call(client, *asked, now);
  send(key, client, now);
}

// Sends what there is, and waits for what can come next.
void ControlServer::send(std::uint64_t key, Client& client, Instant now) {
  if (!client.out.empty()) {
    switch (client.stream.send(client.out)) {
      case os::ControlStream::Result::End: return drop(key);
      case os::ControlStream::Result::Some: client.since = now; break;
      case os::ControlStream::Result::Nothing: break;
    }
  }
  if (client.out.empty() && client.closing) return drop(key);
  std::uint32_t events = 0;
  if (!client.out.empty()) {
    events = os::kWritable;
  } else if (!client.waits()) {
    // A call that is here already is as good as one that comes.
    const bool more = client.in.find('\0') != std::string::npos;
    events = more ? os::kWritable : os::kReadable;
  }
  ready_->change(client.stream.fd(), events, key);
}

void ControlServer::drop(std::uint64_t key) {
  const auto client = clients_.find(key);
  if (client == clients_.end()) return;
  ready_->unwatch(client->second.stream.fd());
  clients_.erase(client);
}

void ControlServer::drop_all() {
  while (!clients_.empty()) drop(clients_.begin()->first);
}

Instant ControlServer::deadline() const {
  Instant next = paused_until_.value_or(Instant::max());
  for (const auto& [key, client] : clients_) {
    if (client.waits() && client.out.empty()) continue;
    next = std::min(next, client.since + kPatience);
  }
  return next;
}

void ControlServer::expire(Instant now) {
  if (paused_until_ && *paused_until_ <= now) {
    paused_until_.reset();
    ready_->change(socket_.fd(), os::kReadable, kListener);
  }
  for (auto each = clients_.begin(); each != clients_.end();) {
    const auto& [key, client] = *each++;
    const bool idle = !client.waits() || !client.out.empty();
    if (idle && client.since + kPatience <= now) drop(key);
  }
}

void ControlServer::finish() {
  for (auto& [key, client] : clients_) (void)client.stream.send(client.out);
  drop_all();
}

// ---- calls -----------------------------------------------------------------------------------

void ControlServer::call(Client& client, const protocol::ControlCall& call, Instant now) {
  std::string reply = reply_to(client, call, now);
  if (!call.oneway) client.out += reply;
}

/// Empty: it comes later.
std::string ControlServer::reply_to(Client& client, const protocol::ControlCall& call,
                                    Instant now) {
  using protocol::CallError;
  using protocol::Method;
  if (call.method == Method::Unknown) {
    return protocol::error_reply(CallError::MethodNotFound, call);
  }
  if (!call.wrong.empty()) return protocol::error_reply(CallError::InvalidParameter, call);
  if (!call.unit.empty() && !host_.find(call.unit)) {
    return protocol::error_reply(CallError::NoSuchUnit, call);
  }
  switch (call.method) {
    case Method::GetInfo: return protocol::info_reply(version());
    case Method::GetInterfaceDescription: return protocol::description_reply(call);
    case Method::Status: return status(call, now);
    case Method::Monitor: return watch(client, call, now);
    case Method::Command: return command(client, call);
    case Method::Unknown: break;
  }
  return protocol::error_reply(CallError::MethodNotFound, call);
}

/// As many wait as may: the rest has to get its turn.
bool ControlServer::is_crowded() const {
  const auto waiting =
      std::ranges::count_if(clients_, [](const auto& each) { return each.second.waits(); });
  return static_cast<std::size_t>(waiting) >= kMostWaiting;
}

std::string ControlServer::command(Client& client, const protocol::ControlCall& call) {
  if (!client.may_change) {
    return protocol::error_reply(protocol::CallError::PermissionDenied, call);
  }
  const std::size_t unit = *host_.find(call.unit);
  const bool waits = !call.no_wait && !call.oneway;
  if (waits && is_crowded()) {
    return protocol::error_reply(protocol::CallError::TooManyClients, call);
  }
  Requester from{std::string(to_string(call.verb)), client.peer.pid,
                 static_cast<int>(client.peer.uid),
                 os::command_line_of(client.peer.pid, kMostCommandLine)};
  event::CommandRequested asked{call.verb, std::move(from), 0, call.signal, call.whom};
  if (waits) asked.ticket = client.ticket = next_ticket_++;
  host_.push(unit, std::move(asked));
  if (waits) return {};
  return protocol::command_reply({host_.describe(unit, os::now()).name, std::nullopt, {}});
}

std::string ControlServer::status(const protocol::ControlCall& call, Instant now) {
  std::vector<UnitStatus> units;
  for (std::size_t unit = 0; unit < host_.count(); ++unit) {
    if (call.unit.empty() || host_.find(call.unit) == unit) {
      units.push_back(host_.describe(unit, now));
    }
  }
  return protocol::status_reply(host_.supervisor(), units);
}

std::string ControlServer::watch(Client& client, const protocol::ControlCall& call, Instant now) {
  if (!call.more) return protocol::error_reply(protocol::CallError::ExpectedMore, call);
  if (is_crowded()) {
    return protocol::error_reply(protocol::CallError::TooManyClients, call);
  }
  if (!is_watched()) states_.clear();
  client.watching = true;
  if (!call.unit.empty()) client.unit = host_.find(call.unit);
  // What is so now comes first, so that nothing is missed between a look and a change.
  std::string told;
  for (std::size_t unit = 0; unit < host_.count(); ++unit) {
    const UnitStatus status = host_.describe(unit, now);
    if (states_.size() <= unit) states_.push_back(status.active + "/" + status.sub);
    if (client.unit && *client.unit != unit) continue;
    told += protocol::record_reply(protocol::state_record(status, os::wall_time(now)));
  }
  return told;
}

void ControlServer::answer(std::size_t unit, const action::Answer& answer, Instant now) {
  const auto waits = [&](const auto& each) { return each.second.ticket == answer.ticket; };
  const auto found = std::ranges::find_if(clients_, waits);
  if (found == clients_.end()) return;  // it has gone
  auto& [key, client] = *found;
  client.ticket = 0;
  client.since = now;
  client.out +=
      protocol::command_reply({host_.describe(unit, now).name, answer.result, answer.detail});
  send(key, client, now);
}

// ---- those who watch -------------------------------------------------------------------------

bool ControlServer::is_watched() const {
  return std::ranges::any_of(clients_, [](const auto& each) { return each.second.watching; });
}

void ControlServer::tell(std::size_t unit, const Record& record, Instant now) {
  if (!is_watched()) return;
  const UnitStatus status = host_.describe(unit, now);
  const std::string stem = status.name.substr(0, status.name.rfind('.'));
  tell_all(unit,
           protocol::to_json(record, stem, to_string(level_of(record)), message_of(record), now,
                             os::wall_time),
           now);
}

void ControlServer::tell_states(Instant now) {
  if (!is_watched()) return;
  for (std::size_t unit = 0; unit < states_.size(); ++unit) {
    const UnitStatus status = host_.describe(unit, now);
    std::string state = status.active + "/" + status.sub;
    if (state == states_[unit]) continue;
    states_[unit] = std::move(state);
    tell_all(unit, protocol::state_record(status, os::wall_time(now)), now);
  }
}

void ControlServer::tell_all(std::size_t unit, const std::string& record, Instant now) {
  const std::string reply = protocol::record_reply(record);
  for (auto each = clients_.begin(); each != clients_.end();) {
    auto& [key, client] = *each++;
    if (!client.watching || (client.unit && *client.unit != unit)) continue;
    if (client.out.size() + reply.size() > kMostUnread) {
      drop(key);
      continue;
    }
    if (client.out.empty()) client.since = now;
    client.out += reply;
    send(key, client, now);
  }
}

}  // namespace gatevisor::app
