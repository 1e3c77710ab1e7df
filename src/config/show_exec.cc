// systemd.exec(5) but for what is in show_sandbox.cc.

#include <linux/mempolicy.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "config/show_rows.h"

namespace gatevisor::config {
namespace {

enum class Which : std::uint8_t { Hard, Soft };

/// What the unit says, else what gatevisor itself has.
template <int resource, Which which>
ShownValue limit(const ShowSubject& of) {
  Rlimit limit;
  if (const auto own = of.host.rlimits.find(resource); own != of.host.rlimits.end()) {
    limit = own->second;
  }
  const auto& set = of.settings.exec.rlimits;
  if (const auto said = set.find(resource); said != set.end()) limit = said->second;
  const std::uint64_t value = which == Which::Hard ? limit.hard : limit.soft;
  return value == Rlimit::kNoLimit ? shown_text("infinity") : shown_number(value);
}

std::string base64(std::string_view data) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < data.size(); i += 3) {
    const std::string_view part = data.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (j < part.size() ? static_cast<unsigned char>(part[j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= part.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

std::string_view input_word(const ExecSettings& exec) {
  // systemd.exec(5): data that is given is what is read.
  if (!exec.standard_input_given && !exec.input_data.empty()) return "data";
  switch (exec.standard_input) {
    case StandardInput::Null: return "null";
    case StandardInput::Inherit: return "inherit";
    case StandardInput::Data: return "data";
    case StandardInput::File: return "file";
  }
  return "";
}

std::string_view output_word(const StandardOutput& output) {
  switch (output.kind) {
    case StandardOutput::Kind::Inherit: return "inherit";
    case StandardOutput::Kind::Journal: return "journal";
    case StandardOutput::Kind::Null: return "null";
    case StandardOutput::Kind::Append: return "append";
    case StandardOutput::Kind::File: return "file";
    case StandardOutput::Kind::Truncate: return "truncate";
  }
  return "";
}

std::string_view numa_word(const std::optional<int>& policy) {
  if (!policy) return "n/a";
  switch (*policy) {
    case MPOL_DEFAULT: return "default";
    case MPOL_PREFERRED: return "preferred";
    case MPOL_BIND: return "bind";
    case MPOL_INTERLEAVE: return "interleave";
    case MPOL_LOCAL: return "local";
    default: return "n/a";
  }
}

std::string_view keyring_word(const ShowSubject& of) {
  const KeyringMode fallback = of.host.root ? KeyringMode::Private : KeyringMode::Inherit;
  switch (of.settings.exec.process.keyring.value_or(fallback)) {
    case KeyringMode::Inherit: return "inherit";
    case KeyringMode::Private: return "private";
    case KeyringMode::Shared: return "shared";
  }
  return "";
}

std::string personality_word(const std::optional<unsigned>& personality) {
  if (!personality) return "";
#if defined(__x86_64__)
  return *personality == PER_LINUX32 ? "x86" : "x86-64";
#elif defined(__aarch64__)
  return *personality == PER_LINUX32 ? "arm" : "arm64";
#elif defined(__s390x__)
  return *personality == PER_LINUX32 ? "s390" : "s390x";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return *personality == PER_LINUX32 ? "ppc-le" : "ppc64-le";
#elif defined(__powerpc64__)
  return *personality == PER_LINUX32 ? "ppc" : "ppc64";
#else
  return "";
#endif
}

ShownValue hexadecimal(std::uint64_t number) { return shown_text("0x" + digits(number, 16)); }

std::vector<std::string> files(const ExecSettings& exec) {
  std::vector<std::string> lines;
  for (const EnvironmentFile& file : exec.environment_files) {
    lines.push_back(file.path + " (ignore_errors=" + (file.optional ? "yes" : "no") + ")");
  }
  return lines;
}

std::string working_directory(const ExecSettings& exec) {
  // systemd shows nothing for the default, which is '/'.
  const std::string& path = exec.working_directory;
  return (exec.working_directory_optional ? "!" : "") + (path == "/" ? "" : path);
}

// ioprio_set(2): best effort, and the middle of its eight levels.
constexpr int kBestEffort = 2;
constexpr int kMiddle = 4;

constexpr ShowRow kRows[] = {
    {"Environment", "Environment",
     [](const ShowSubject& of) { return shown_words(of.settings.exec.environment); }},
    {"EnvironmentFile", "EnvironmentFiles",
     [](const ShowSubject& of) { return shown_lines(files(of.settings.exec)); }},
    {"PassEnvironment", "PassEnvironment",
     [](const ShowSubject& of) { return shown_words(of.settings.exec.pass_environment); }},
    {"UnsetEnvironment", "UnsetEnvironment",
     [](const ShowSubject& of) { return shown_words(of.settings.exec.unset_environment); }},
    {"UMask", "UMask", [](const ShowSubject& of) { return shown_mode(of.settings.exec.umask); }},
    {"LimitCPU", "LimitCPU", limit<RLIMIT_CPU, Which::Hard>},
    {"LimitCPU", "LimitCPUSoft", limit<RLIMIT_CPU, Which::Soft>},
    {"LimitFSIZE", "LimitFSIZE", limit<RLIMIT_FSIZE, Which::Hard>},
    {"LimitFSIZE", "LimitFSIZESoft", limit<RLIMIT_FSIZE, Which::Soft>},
    {"LimitDATA", "LimitDATA", limit<RLIMIT_DATA, Which::Hard>},
    {"LimitDATA", "LimitDATASoft", limit<RLIMIT_DATA, Which::Soft>},
    {"LimitSTACK", "LimitSTACK", limit<RLIMIT_STACK, Which::Hard>},
    {"LimitSTACK", "LimitSTACKSoft", limit<RLIMIT_STACK, Which::Soft>},
    {"LimitCORE", "LimitCORE", limit<RLIMIT_CORE, Which::Hard>},
    {"LimitCORE", "LimitCORESoft", limit<RLIMIT_CORE, Which::Soft>},
    {"LimitRSS", "LimitRSS", limit<RLIMIT_RSS, Which::Hard>},
    {"LimitRSS", "LimitRSSSoft", limit<RLIMIT_RSS, Which::Soft>},
    {"LimitNOFILE", "LimitNOFILE", limit<RLIMIT_NOFILE, Which::Hard>},
    {"LimitNOFILE", "LimitNOFILESoft", limit<RLIMIT_NOFILE, Which::Soft>},
    {"LimitAS", "LimitAS", limit<RLIMIT_AS, Which::Hard>},
    {"LimitAS", "LimitASSoft", limit<RLIMIT_AS, Which::Soft>},
    {"LimitNPROC", "LimitNPROC", limit<RLIMIT_NPROC, Which::Hard>},
    {"LimitNPROC", "LimitNPROCSoft", limit<RLIMIT_NPROC, Which::Soft>},
    {"LimitMEMLOCK", "LimitMEMLOCK", limit<RLIMIT_MEMLOCK, Which::Hard>},
    {"LimitMEMLOCK", "LimitMEMLOCKSoft", limit<RLIMIT_MEMLOCK, Which::Soft>},
    {"LimitLOCKS", "LimitLOCKS", limit<RLIMIT_LOCKS, Which::Hard>},
    {"LimitLOCKS", "LimitLOCKSSoft", limit<RLIMIT_LOCKS, Which::Soft>},
    {"LimitSIGPENDING", "LimitSIGPENDING", limit<RLIMIT_SIGPENDING, Which::Hard>},
    {"LimitSIGPENDING", "LimitSIGPENDINGSoft", limit<RLIMIT_SIGPENDING, Which::Soft>},
    {"LimitMSGQUEUE", "LimitMSGQUEUE", limit<RLIMIT_MSGQUEUE, Which::Hard>},
    {"LimitMSGQUEUE", "LimitMSGQUEUESoft", limit<RLIMIT_MSGQUEUE, Which::Soft>},
    {"LimitNICE", "LimitNICE", limit<RLIMIT_NICE, Which::Hard>},
    {"LimitNICE", "LimitNICESoft", limit<RLIMIT_NICE, Which::Soft>},
    {"LimitRTPRIO", "LimitRTPRIO", limit<RLIMIT_RTPRIO, Which::Hard>},
    {"LimitRTPRIO", "LimitRTPRIOSoft", limit<RLIMIT_RTPRIO, Which::Soft>},
    {"LimitRTTIME", "LimitRTTIME", limit<RLIMIT_RTTIME, Which::Hard>},
    {"LimitRTTIME", "LimitRTTIMESoft", limit<RLIMIT_RTTIME, Which::Soft>},
    {"WorkingDirectory", "WorkingDirectory",
     [](const ShowSubject& of) { return shown_text(working_directory(of.settings.exec)); }},
    {"OOMScoreAdjust", "OOMScoreAdjust",
     [](const ShowSubject& of) {
       return shown_int(of.settings.exec.oom_score_adj.value_or(of.host.oom_score_adj));
     }},
    {"CoredumpFilter", "CoredumpFilter",
     [](const ShowSubject& of) {
       return hexadecimal(
           of.settings.exec.process.coredump_filter.value_or(of.host.coredump_filter));
     }},
    {"Nice", "Nice",
     [](const ShowSubject& of) {
       return shown_int(of.settings.exec.scheduling.nice.value_or(of.host.nice));
     }},
    {"IOSchedulingClass", "IOSchedulingClass",
     [](const ShowSubject& of) {
       const int set = of.settings.exec.scheduling.io_class.value_or(0);
       return shown_int(set != 0 ? set : kBestEffort);
     }},
    {"IOSchedulingPriority", "IOSchedulingPriority",
     [](const ShowSubject& of) {
       return shown_int(of.settings.exec.scheduling.io_priority.value_or(kMiddle));
     }},
    {"CPUSchedulingPolicy", "CPUSchedulingPolicy",
     [](const ShowSubject& of) {
       return shown_int(of.settings.exec.scheduling.cpu_policy.value_or(0));
     }},
    {"CPUSchedulingPriority CPUSchedulingPolicy", "CPUSchedulingPriority",
     [](const ShowSubject& of) { return shown_int(of.settings.exec.scheduling.cpu_priority); }},
    {"CPUSchedulingResetOnFork", "CPUSchedulingResetOnFork",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.exec.scheduling.reset_on_fork); }},
    {"CPUAffinity", "CPUAffinity",
     [](const ShowSubject& of) {
       return shown_text(ranges_text(of.settings.exec.scheduling.processors));
     }},
    {"NUMAPolicy", "NUMAPolicy",
     [](const ShowSubject& of) {
       return shown_text(numa_word(of.settings.exec.process.numa_policy));
     }},
    {"NUMAMask", "NUMAMask",
     [](const ShowSubject& of) {
       const ProcessSettings& process = of.settings.exec.process;
       return shown_text(process.all_numa_nodes ? "all" : ranges_text(process.numa_nodes));
     }},
    {"TimerSlackNSec", "TimerSlackNSec",
     [](const ShowSubject& of) {
       return shown_number(
           of.settings.exec.process.timer_slack_nsec.value_or(of.host.timer_slack_nsec));
     }},
    {"StandardInput StandardInputText StandardInputData", "StandardInput",
     [](const ShowSubject& of) { return shown_text(input_word(of.settings.exec)); }},
    {"StandardInputText StandardInputData", "StandardInputData",
     [](const ShowSubject& of) { return shown_text(base64(of.settings.exec.input_data)); }},
    {"StandardOutput", "StandardOutput",
     [](const ShowSubject& of) {
       // systemd.exec(5): from nothing, the default is inherited.
       const ExecSettings& exec = of.settings.exec;
       const bool fallback = exec.standard_output.kind == StandardOutput::Kind::Inherit &&
                             input_word(exec) == "null";
       return shown_text(fallback ? "journal" : output_word(exec.standard_output));
     }},
    {"StandardError", "StandardError",
     [](const ShowSubject& of) {
       return shown_text(output_word(of.settings.exec.standard_error));
     }},
    {"SyslogIdentifier", "SyslogIdentifier",
     [](const ShowSubject& of) { return shown_text(of.settings.exec.lines.identifier); }},
    {"SyslogFacility", "SyslogFacility",
     [](const ShowSubject& of) { return shown_number(of.settings.exec.lines.facility); }},
    {"SyslogLevel", "SyslogLevel",
     [](const ShowSubject& of) { return shown_number(of.settings.exec.lines.level); }},
    {"SyslogLevel SyslogFacility", "SyslogPriority",
     [](const ShowSubject& of) {
       const LineSettings& lines = of.settings.exec.lines;
       return shown_number(lines.facility * 8 + lines.level);
     }},
    {"SyslogLevelPrefix", "SyslogLevelPrefix",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.exec.lines.level_prefix); }},
    {"LogLevelMax", "LogLevelMax",
     [](const ShowSubject& of) {
       const auto& most = of.settings.exec.lines.most_level;
       return shown_int(most ? static_cast<int>(*most) : -1);
     }},
    {"LogExtraFields", "LogExtraFields",
     [](const ShowSubject& of) {
       std::string text;  // without quotes, as systemctl has it
       for (const std::string& field : of.settings.exec.lines.extra_fields) {
         text += (text.empty() ? "" : " ") + field;
       }
       return shown_text(text);
     }},
    {"User", "User", [](const ShowSubject& of) { return shown_text(of.settings.exec.user); }},
    {"Group", "Group", [](const ShowSubject& of) { return shown_text(of.settings.exec.group); }},
    {"SupplementaryGroups", "SupplementaryGroups",
     [](const ShowSubject& of) { return shown_words(of.settings.exec.supplementary_groups); }},
    {"ExecSearchPath", "ExecSearchPath",
     [](const ShowSubject& of) { return shown_words(of.settings.exec.search_path); }},
    {"SecureBits", "SecureBits",
     [](const ShowSubject& of) { return shown_number(of.settings.exec.process.secure_bits); }},
    {"IgnoreSIGPIPE", "IgnoreSIGPIPE",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.exec.ignore_sigpipe); }},
    {"Personality", "Personality",
     [](const ShowSubject& of) {
       return shown_text(personality_word(of.settings.exec.process.personality));
     }},
    {"RemoveIPC", "RemoveIPC",
     [](const ShowSubject& of) { return shown_yes_no(of.settings.exec.remove_ipc); }},
    {"KeyringMode", "KeyringMode",
     [](const ShowSubject& of) { return shown_text(keyring_word(of)); }},
};

}  // namespace

std::span<const ShowRow> exec_rows() { return kRows; }

}  // namespace gatevisor::config
