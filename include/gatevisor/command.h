// A command of a unit: one Exec…= line of systemd.service(5), parsed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatevisor {

/// What of the unit's user, group and sandbox a command gets.
enum class Privilege : std::uint8_t {
  Unit,    ///< all of it
  Full,    ///< '+': none of it
  NoUser,  ///< '!': all but User=, Group= and SupplementaryGroups=
  Ignored  ///< '!!': as Unit; systemd dropped its meaning in version 258
};

struct Command {
  /// What is executed: absolute, or a file name to search for in systemd's own path. Empty:
  /// argv[0], searched in the service's PATH (`run -- COMMAND`).
  std::string path{};
  std::vector<std::string> argv{};  ///< argv[0] included; before variables are expanded
  bool ignore_failure = false;      ///< '-'
  bool own_name = false;            ///< '@': argv[0] was written, and is not the path
  bool expand = true;               ///< no ':'; variables are expanded
  Privilege privilege = Privilege::Unit;

  bool operator==(const Command&) const = default;
};

/// Which of a unit's commands. Main is ExecStart=; of Type=forking it is a command as the others.
enum class CommandKind : std::uint8_t {
  Condition,
  StartPre,
  Main,
  StartPost,
  Reload,
  Stop,
  StopPost
};
std::string_view to_string(CommandKind kind);  ///< 'ExecStartPre'

struct Commands {
  std::vector<Command> condition;   ///< ExecCondition=
  std::vector<Command> start_pre;   ///< ExecStartPre=
  std::vector<Command> main;        ///< ExecStart=; several only for Type=oneshot
  std::vector<Command> start_post;  ///< ExecStartPost=
  std::vector<Command> reload;      ///< ExecReload=
  std::vector<Command> stop;        ///< ExecStop=
  std::vector<Command> stop_post;   ///< ExecStopPost=

  const std::vector<Command>& of(CommandKind kind) const {
    switch (kind) {
      case CommandKind::Condition: return condition;
      case CommandKind::StartPre: return start_pre;
      case CommandKind::Main: return main;
      case CommandKind::StartPost: return start_post;
      case CommandKind::Reload: return reload;
      case CommandKind::Stop: return stop;
      case CommandKind::StopPost: return stop_post;
    }
    return main;
  }
  std::vector<Command>& of(CommandKind kind) {
    return const_cast<std::vector<Command>&>(static_cast<const Commands*>(this)->of(kind));
  }
  bool operator==(const Commands&) const = default;
};

/// What may follow on a death beside the respawn, without a say in it. Ours.
enum class HookKind : std::uint8_t {
  Alarm,       ///< OnAlarm=: AlarmBurst= was reached
  OutOfMemory  ///< OnOOM=: it died for want of memory, whoever's limit it was
};
inline constexpr std::array kAllHookKinds = {HookKind::Alarm, HookKind::OutOfMemory};
std::string_view setting_of(HookKind kind);  ///< 'OnAlarm'

}  // namespace gatevisor
