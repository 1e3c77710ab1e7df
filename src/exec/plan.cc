#include "exec/plan.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace gatevisor::exec {
namespace {

// systemd.exec(5), PATH: what a service finds where nobody says otherwise.
constexpr const char* kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Without a value they get the process's own pid (systemd.exec(5)); a pid has at most ten digits.
constexpr std::array<std::string_view, 3> kOwnPid = {"SYSTEMD_EXEC_PID=", "WATCHDOG_PID=",
                                                     "LISTEN_PID="};
constexpr std::size_t kPidDigits = 10;

std::string_view name_of(std::string_view assignment) {
  return assignment.substr(0, assignment.find('='));
}

std::string value_of(const std::vector<std::string>& entries, std::string_view name) {
  for (const std::string& entry : entries) {
    if (name_of(entry) == name) return entry.substr(name.size() + 1);
  }
  return {};
}

class Environment {
 public:
  void set(std::string assignment) {
    for (std::string& existing : entries_) {
      if (name_of(existing) == name_of(assignment)) {
        existing = std::move(assignment);
        return;
      }
    }
    entries_.push_back(std::move(assignment));
  }
  void set(const std::string& name, const std::string& value) { set(name + "=" + value); }

  /// NAME, or NAME=VALUE which only removes that value.
  void unset(const std::string& what) {
    const bool whole = what.find('=') != std::string::npos;
    std::erase_if(entries_, [&](const std::string& entry) {
      return whole ? entry == what : name_of(entry) == what;
    });
  }

  std::string get(std::string_view name) const { return value_of(entries_, name); }

  const std::vector<std::string>& entries() const { return entries_; }
  std::vector<std::string> take() { return std::move(entries_); }

 private:
  std::vector<std::string> entries_;
};

bool is_program(const std::string& path, int& error) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) {
    error = errno;
    return false;
  }
  if (!S_ISREG(info.st_mode)) {
    error = EACCES;
    return false;
  }
  // Only whether anybody may execute it: as whom it runs is known in the child.
  if ((info.st_mode & 0111) == 0) {
    error = EACCES;
    return false;
  }
  return true;
}

/// systemd.service(5), the prefixes '+' and '!'. The variables and the supplementary groups are
/// still those of the user (systemd 252).
void leave_out(Plan& plan, Privilege privilege) {
  const bool full = privilege == Privilege::Full;
  if (!full && privilege != Privilege::NoUser) return;
  if (geteuid() != 0) plan.groups.reset();
  plan.identity.reset();
  if (!full) return;
  plan.rlimits.clear();
  plan.drop_bounding.reset();
  plan.ambient = 0;
  plan.no_new_privileges = false;
  plan.process.secure_bits = 0;
  plan.syscall_filters.reset();
}

}  // namespace

Expected<std::string> find_program(const std::string& name, const std::string& path,
                                   const std::string& working_directory,
                                   const MountSettings& mounts) {
  int error = ENOENT;
  if (name.find('/') != std::string::npos) {
    std::string whole = name.front() == '/' ? name : working_directory + "/" + name;
    if (mounts.other_view()) return whole;
    if (is_program(whole, error)) return whole;
    return fail("execute", name, error, "check the path of the command");
  }
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string candidate = std::string(rest.substr(0, end)) + "/" + name;
    int one = ENOENT;
    if (candidate.front() == '/' && is_program(mounts.root_directory + candidate, one))
      return candidate;
    if (one == EACCES) error = EACCES;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return fail("execute", name, error, "it is in no directory of PATH (" + path + ")");
}

Expected<Plan> Plan::make(const ExecSettings& settings, const Command& command,
                          std::optional<Identity> identity, const Surroundings& surroundings,
                          std::vector<std::string> file_environment,
                          const std::vector<std::string>& own_variables) {
  Plan plan;
  Environment environment;
  if (settings.inherit_environment) {
    for (const std::string& entry : surroundings.environment) environment.set(entry);
  }
  std::string search_path;
  for (const std::string& directory : settings.search_path) {
    search_path += (search_path.empty() ? "" : ":") + directory;
  }
  if (!search_path.empty()) {
    environment.set("PATH", search_path);
  } else if (environment.get("PATH").empty()) {
    environment.set("PATH", kDefaultPath);
  }
  if (identity) {
    if (!identity->home.empty()) environment.set("HOME", identity->home);
    // gatevisor's own is none of a user's who has none.
    if (!identity->user.empty()) environment.unset("SHELL");
    if (!identity->shell.empty()) environment.set("SHELL", identity->shell);
    if (!identity->user.empty()) {
      environment.set("USER", identity->user);
      environment.set("LOGNAME", identity->user);
    }
  }
  plan.directories = surroundings.directories;
  for (std::string& entry : directory_environment(plan.directories)) {
    environment.set(std::move(entry));
  }
  plan.credentials = surroundings.credentials;
  if (!plan.credentials.path.empty()) {
    environment.set("CREDENTIALS_DIRECTORY", plan.credentials.path);
  }
  environment.set("INVOCATION_ID", std::string(32, '0'));
  for (const std::string& entry : own_variables) environment.set(entry);
  for (const std::string& name : settings.pass_environment) {
    for (const std::string& entry : surroundings.environment) {
      if (name_of(entry) == name) environment.set(entry);
    }
  }
  for (const std::string& entry : settings.environment) environment.set(entry);
  for (std::string& entry : file_environment) environment.set(std::move(entry));
  for (const std::string& entry : settings.unset_environment) environment.unset(entry);

  // A unit's program is searched in a path of systemd's own, whatever the unit's PATH is.
  auto program = command.path.empty()
                     ? find_program(command.argv.front(), environment.get("PATH"),
                                    surroundings.working_directory, settings.mounts)
                     : find_program(command.path, search_path.empty() ? kDefaultPath : search_path,
                                    "/", settings.mounts);
  if (!program) return std::unexpected(std::move(program.error()));
  plan.program = std::move(*program);
  plan.arguments_ = command.argv;
  if (command.expand && surroundings.expand_arguments) {
    auto expanded = surroundings.expand_arguments(command, environment.entries());
    if (!expanded) return std::unexpected(std::move(expanded.error()));
    plan.arguments_ = std::move(*expanded);
  }
  plan.environment_ = environment.take();
  for (std::size_t i = 0; i < plan.environment_.size(); ++i) {
    if (plan.environment_[i].starts_with("INVOCATION_ID=")) plan.invocation_slot_ = i;
  }
  for (std::string& entry : plan.environment_) {
    for (const std::string_view name : kOwnPid) {
      if (entry != name) continue;
      entry.append(kPidDigits, '\0');
      plan.pid_slots.push_back(entry.data() + name.size());
    }
  }
  for (std::string& argument : plan.arguments_) plan.argv.push_back(argument.data());
  for (std::string& entry : plan.environment_) plan.envp.push_back(entry.data());
  plan.argv.push_back(nullptr);
  plan.envp.push_back(nullptr);

  plan.umask = settings.umask;
  plan.working_directory = settings.working_directory;
  plan.working_directory_optional = settings.working_directory_optional;
  if (plan.working_directory == "~") {
    plan.working_directory = identity ? identity->home : environment.get("HOME");
    if (plan.working_directory.empty()) {
      return fail("", "WorkingDirectory=~: the user has no home directory", 0, "give a path");
    }
  }
  for (const auto& [resource, limit] : settings.rlimits) {
    plan.rlimits.emplace_back(resource, rlimit{limit.soft, limit.hard});
  }
  if (settings.oom_score_adj || surroundings.oom_score_adj) {
    plan.oom_score_adj = std::to_string(settings.oom_score_adj ? *settings.oom_score_adj
                                                               : *surroundings.oom_score_adj);
  }
  plan.ambient = settings.ambient_set;
  plan.no_new_privileges = settings.no_new_privileges || surroundings.implied_no_new_privileges;
  plan.namespaces =
      command.privilege == Privilege::Full ? surroundings.full_namespaces : surroundings.namespaces;
  plan.syscall_filters = surroundings.syscall_filters;
  plan.ignore_sigpipe = settings.ignore_sigpipe;
  plan.scheduling = settings.scheduling;
  plan.process = settings.process;
  // A unit's environment is its own.
  const bool is_system_unit = !settings.inherit_environment && surroundings.system;
  plan.keyring = settings.process.keyring.value_or(is_system_unit ? KeyringMode::Private
                                                                  : KeyringMode::Inherit);
  plan.standard_input = settings.standard_input;
  if (!settings.standard_input_given && !settings.input_data.empty()) {
    plan.standard_input = StandardInput::Data;
  }
  plan.input_path = settings.input_path;
  plan.input_data = settings.input_data;
  const auto is_input = [&settings](const StandardOutput& output) {
    return settings.standard_input == StandardInput::File &&
           output.kind == StandardOutput::Kind::File && output.path == settings.input_path;
  };
  plan.input_is_output = is_input(settings.standard_output);
  plan.input_is_error = is_input(settings.standard_error);
  plan.standard_output = settings.standard_output;
  plan.standard_error = settings.standard_error;
  // systemd.exec(5), StandardOutput=: inherit is what standard input is, and of nothing the default.
  using Kind = StandardOutput::Kind;
  if (plan.standard_output.kind == Kind::Inherit && plan.standard_input != StandardInput::Inherit) {
    plan.standard_output.kind = Kind::Journal;
  }
  if (plan.standard_error.kind == Kind::Inherit && plan.standard_output.kind == Kind::Journal) {
    plan.standard_error.kind = Kind::Journal;
  }
  if (identity) plan.groups = std::move(identity->groups);
  plan.identity = std::move(identity);
  plan.drop_bounding = surroundings.drop_bounding;
  leave_out(plan, command.privilege);
  plan.parent_pid = getpid();
  return plan;
}

void Plan::set_invocation(const std::string& id) {
  if (invocation_slot_ == SIZE_MAX || id.size() != 32) return;
  for (std::size_t i = 0; i < invocation.size(); ++i) {
    (void)std::from_chars(id.data() + 2 * i, id.data() + 2 * i + 2, invocation[i], 16);
  }
  std::string& entry = environment_[invocation_slot_];
  const std::size_t at = entry.find('=') + 1;
  if (entry.size() == at + id.size())
    std::ranges::copy(id, entry.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace gatevisor::exec
