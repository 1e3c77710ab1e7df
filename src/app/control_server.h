// The control socket's server, in PID 1.
//
// Owns the socket and the clients' connections. Speaks Varlink (protocol/varlink.h); what is asked
// of a unit becomes an event for the core, and what the core answers goes back. Bounded whatever a
// client does: connections, bytes, messages a turn, and time. While there is no client there is no
// timer either.
//
// root and gatevisor's own user may ask for anything, members of one group may read.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gatevisor/action.h"
#include "gatevisor/event.h"
#include "gatevisor/unit_status.h"
#include "os/control_socket.h"
#include "os/event_loop.h"
#include "os/poller.h"
#include "protocol/varlink.h"

namespace gatevisor::app {

struct ControlOptions {
  bool wanted = true;
  std::string path;             ///< empty: a place is looked for
  std::optional<unsigned> gid;  ///< who may read
};

/// What the server asks of the runtime.
struct ControlHost {
  /// The unit that is called so, with or without its suffix; empty: the main one.
  std::function<std::optional<std::size_t>(const std::string& name)> find;
  std::function<UnitStatus(std::size_t unit, Instant now)> describe;
  std::function<SupervisorStatus()> supervisor;
  std::function<std::size_t()> count;
  std::function<void(std::size_t unit, Event event)> push;
};

class ControlServer {
 public:
  static constexpr std::size_t kMostClients = 32;
  /// Of those, how many may wait for events or answers: the others are for who asks now.
  static constexpr std::size_t kMostWaiting = 24;
  /// A client that has not sent a whole call, or not read its reply, for so long is let go.
  static constexpr Duration kPatience = std::chrono::seconds{30};
  /// What a client of Monitor has not read yet.
  static constexpr std::size_t kMostUnread = std::size_t{256} << 10;
  /// How long no one is accepted when there is no descriptor left for him.
  static constexpr Duration kPause = std::chrono::seconds{1};

  /// `loop` must outlive it.
  ControlServer(ControlOptions options, ControlHost host, os::EventLoop& loop);

  /// `name`: the socket's. An error: there will be no control.
  Expected<void> listen(const std::string& name);
  /// os::Source::Control is ready.
  void handle(Instant now);
  /// When expire() is due; Instant::max() while nobody is connected.
  Instant deadline() const;
  void expire(Instant now);

  void answer(std::size_t unit, const action::Answer& answer, Instant now);
  /// To those who watch.
  void tell(std::size_t unit, const Record& record, Instant now);
  void tell_states(Instant now);
  /// gatevisor ends: what is to be sent still is, as far as it can be at once.
  void finish();

 private:
  struct Client {
    os::ControlStream stream;
    os::Peer peer;
    bool may_change = false;
    std::string in;
    std::string out;
    Instant since{};           ///< when it was heard of last, or could take something
    std::uint64_t ticket = 0;  ///< it waits for that answer
    bool watching = false;     ///< Monitor
    std::optional<std::size_t> unit;  ///< Monitor: that one alone
    bool closing = false;      ///< once `out` is sent
    bool waits() const { return ticket != 0 || watching; }
  };

  void serve(Instant now);
  void accept(Instant now);
  void take(std::uint64_t key, const os::Poller::Ready& event, Instant now);
  bool read_more(Client& client);
  bool make_room();
  bool drop_quietest();
  void next_call(std::uint64_t key, Client& client, Instant now);
  void call(Client& client, const protocol::ControlCall& call, Instant now);
  std::string reply_to(Client& client, const protocol::ControlCall& call, Instant now);
  std::string command(Client& client, const protocol::ControlCall& call);
  std::string status(const protocol::ControlCall& call, Instant now);
  std::string watch(Client& client, const protocol::ControlCall& call, Instant now);
  void send(std::uint64_t key, Client& client, Instant now);
  void tell_all(std::size_t unit, const std::string& record, Instant now);
  void drop(std::uint64_t key);
  void drop_all();
  void pause(Instant now);
  bool may_read(const os::Peer& peer) const;
  bool may_change(const os::Peer& peer) const;
  bool is_watched() const;
  bool is_crowded() const;

  ControlOptions options_;
  ControlHost host_;
  os::EventLoop& loop_;
  os::ControlSocket socket_;
  std::optional<os::Poller> ready_;
  std::map<std::uint64_t, Client> clients_;
  std::uint64_t next_key_ = 1;
  std::uint64_t next_ticket_ = 1;
  std::vector<std::string> states_;  ///< of each unit, as it was told last
  std::optional<Instant> paused_until_;
};

}  // namespace gatevisor::app
