// The other end of the control socket: finds the gatevisor that is meant, and asks it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/refusal.h"
#include "os/control_socket.h"
#include "protocol/varlink.h"

namespace gatevisor::app {

class ControlClient {
 public:
  /// How long an answer may take that needs no job.
  static constexpr int kPatienceMs = 10'000;
  static constexpr int kForEver = -1;

  /// The one at `socket`, or the one that has `unit`; where none is named, the only one that runs.
  /// Refused: there is none (exit status 1), or it may not be asked.
  static OrRefusal<ControlClient> find(const std::string& socket, const std::string& unit);

  /// Sends a call and waits for its (first) reply. An error of Varlink's is a reply. One that only asks
  /// is sent again where there are so many clients that it was let go before its turn.
  OrRefusal<protocol::ControlReply> call(const protocol::ControlCall& call,
                                         int timeout_ms = kPatienceMs);
  OrRefusal<void> send(const protocol::ControlCall& call);
  /// The next reply. nullopt: none within the time.
  OrRefusal<std::optional<protocol::ControlReply>> next(int timeout_ms);
  const std::string& path() const { return path_; }

 private:
  static constexpr int kTries = 5;
  static OrRefusal<ControlClient> connect(const std::string& path);
  OrRefusal<protocol::ControlReply> call_once(const protocol::ControlCall& call, int timeout_ms);
  std::unexpected<Refusal> let_go();

  std::string path_;
  os::ControlStream stream_;
  std::string in_;
  bool let_go_ = false;  ///< it was ended by the other side
};

/// What a reply tells of `unit`; of the main one where none is named. nullptr: nothing.
const UnitStatus* unit_in(const protocol::ControlReply& reply, const std::string& unit);

/// What a Varlink error means to a person; `unit` as it was written.
std::string error_text(const protocol::ControlReply& reply);
bool is_error(const protocol::ControlReply& reply, std::string_view name);

/// 'gatevisor: WHAT' on standard error.
void complain_of(const std::string& what);
int refused(const Refusal& refusal);

}  // namespace gatevisor::app
