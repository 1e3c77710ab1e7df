#include "app/control_client.h"

#include <cerrno>
#include <cstdio>

#include "app/exit_code.h"
#include "config/text.h"

namespace gatevisor::app {
namespace {

constexpr std::size_t kAtOnce = std::size_t{64} << 10;

/// None of those that are left over of what was killed.
bool is_dead(const Error& error) { return error.code == ECONNREFUSED || error.code == ENOENT; }

Refusal cannot_connect(const Error& error) {
  if (error.code == EACCES || error.code == EPERM) {
    return {{"", error.subject + ": it may be asked by root and by gatevisor's own user, and by the "
                                 "group of --control-group",
             error.code, ""},
            kNotPermitted};
  }
  if (error.code == EAGAIN) {
    return {{"", error.subject + ": too many ask at once; try again", 0, ""}, kIncomplete};
  }
  if (is_dead(error)) {
    return {{"", "no gatevisor listens at " + error.subject, 0, ""}, kIncomplete};
  }
  return {error, kIncomplete};
}

Refusal none_runs() {
  return {{"", "no gatevisor runs here that could be asked (one that does may have its --socket "
               "elsewhere)",
           0, ""},
          kIncomplete};
}

Refusal has_ended() {
  return {{"", "gatevisor has ended, and gave no answer", 0, ""}, kIncomplete};
}

}  // namespace

void complain_of(const std::string& what) { std::fprintf(stderr, "gatevisor: %s\n", what.c_str()); }

int refused(const Refusal& refusal) {
  complain_of(to_string(refusal.error));
  return refusal.status;
}

OrRefusal<ControlClient> ControlClient::connect(const std::string& path) {
  auto stream = os::ControlStream::connect(path);
  if (!stream) return std::unexpected(cannot_connect(stream.error()));
  ControlClient client;
  client.path_ = path;
  client.stream_ = std::move(*stream);
  return client;
}

OrRefusal<ControlClient> ControlClient::find(const std::string& socket, const std::string& unit) {
  if (!socket.empty()) return connect(socket);
  std::optional<Refusal> trouble;
  std::optional<ControlClient> found;
  std::string names;
  bool several = false;
  for (const std::string& path : os::control_sockets()) {
    auto client = connect(path);
    if (!client) {
      if (!is_dead(client.error().error) && !trouble) trouble = client.error();
      continue;
    }
    if (!found) {
      found = std::move(*client);
      names = path;
      continue;
    }
    several = true;
    names += ", " + path;
    if (unit.empty()) continue;
    // Whose unit is it?
    protocol::ControlCall ask;
    ask.method = protocol::Method::Status;
    ask.unit = unit;
    const auto reply = client->call(ask);
    if (reply && reply->error.empty()) return client;
  }
  if (!found) return std::unexpected(trouble ? *trouble : none_runs());
  if (several && unit.empty()) {
    return refuse({"", "several gatevisors run here: name a unit, or one of them with --socket=: " +
                           names,
                   0, ""},
                  kIncomplete);
  }
  return std::move(*found);
}

OrRefusal<void> ControlClient::send(const protocol::ControlCall& call) {
  std::string out = protocol::write_call(call);
  // What is asked fits into the socket's buffer.
  while (!out.empty()) {
    if (stream_.send(out) != os::ControlStream::Result::Some) return let_go();
  }
  return {};
}

OrRefusal<std::optional<protocol::ControlReply>> ControlClient::next(int timeout_ms) {
  for (;;) {
    const std::size_t end = in_.find('\0');
    if (end != std::string::npos) {
      auto reply = protocol::read_reply(std::string_view(in_).substr(0, end));
      in_.erase(0, end + 1);
      if (reply) return std::optional(std::move(*reply));
      return refuse({"", path_ + ": what answers there is no gatevisor", 0, ""}, kIncomplete);
    }
    if (in_.size() > protocol::kMaxReply) return std::unexpected(has_ended());
    if (!stream_.wait(timeout_ms)) return std::optional<protocol::ControlReply>();
    if (stream_.receive(in_, kAtOnce) == os::ControlStream::Result::End) return let_go();
  }
}

std::unexpected<Refusal> ControlClient::let_go() {
  let_go_ = true;
  return std::unexpected(has_ended());
}

OrRefusal<protocol::ControlReply> ControlClient::call(const protocol::ControlCall& call,
                                                      int timeout_ms) {
  auto reply = call_once(call, timeout_ms);
  const bool only_asks = call.method == protocol::Method::Status;
  for (int tries = 1; !reply && let_go_ && only_asks && tries < kTries; ++tries) {
    auto again = connect(path_);
    if (!again) return reply;  // it has ended indeed
    *this = std::move(*again);
    reply = call_once(call, timeout_ms);
  }
  return reply;
}

OrRefusal<protocol::ControlReply> ControlClient::call_once(const protocol::ControlCall& call,
                                                           int timeout_ms) {
  if (auto sent = send(call); !sent) return std::unexpected(std::move(sent.error()));
  auto reply = next(timeout_ms);
  if (!reply) return std::unexpected(std::move(reply.error()));
  if (*reply) return std::move(**reply);
  return refuse({"", path_ + ": no answer within 10 seconds", 0, ""}, kIncomplete);
}

const UnitStatus* unit_in(const protocol::ControlReply& reply, const std::string& unit) {
  for (const UnitStatus& each : reply.units) {
    if (!unit.empty() || each.main) return &each;
  }
  return nullptr;
}

bool is_error(const protocol::ControlReply& reply, std::string_view name) {
  return reply.error.ends_with("." + std::string(name));
}

std::string error_text(const protocol::ControlReply& reply) {
  const std::string about = config::printable(reply.about);
  if (is_error(reply, "NoSuchUnit")) return "there is no unit " + about;
  if (is_error(reply, "PermissionDenied")) {
    return "only root and gatevisor's own user may ask for that";
  }
  if (is_error(reply, "TooManyClients")) return "too many ask at once; try again";
  return config::printable(reply.error) + (about.empty() ? "" : " (" + about + ")");
}

}  // namespace gatevisor::app
