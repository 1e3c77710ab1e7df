#include "app/launcher.h"

#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>

#include "app/exit_code.h"
#include "config/command_line.h"
#include "config/environment_file.h"
#include "exec/capabilities.h"
#include "os/directory_bases.h"
#include "os/file.h"
#include "os/memory.h"
#include "os/privileges.h"
#include "os/users.h"

extern char** environ;

namespace gatevisor::app {
namespace {

OrRefusal<std::optional<exec::Identity>> look_up(const ExecSettings& settings,
                                                 const exec::OwnCapabilities& own,
                                                 std::vector<Error>& warnings) {
  if (settings.user.empty() && settings.group.empty() && settings.supplementary_groups.empty()) {
    return std::nullopt;
  }
  exec::Identity identity;
  auto user = os::find_user(settings.user.empty() ? std::to_string(geteuid()) : settings.user);
  if (!user) return refuse(std::move(user.error()), kUser);
  identity.uid = user->uid;
  identity.gid = settings.user.empty() ? getegid() : user->gid;
  if (!settings.user.empty()) {
    identity.user = user->name;
    identity.home = user->home;
    if (os::is_login_shell(user->shell)) identity.shell = user->shell;
  }
  if (!settings.group.empty()) {
    auto gid = os::find_group(settings.group);
    if (!gid) return refuse(std::move(gid.error()), kGroup);
    identity.gid = *gid;
  }
  // As systemd has it: without User=, and for root's group, those of SupplementaryGroups= alone.
  if (!settings.user.empty() && identity.gid != 0) {
    auto groups = os::groups_of(user->name, identity.gid);
    if (!groups) return refuse(std::move(groups.error()), kGroup);
    identity.groups = std::move(*groups);
  }
  for (const std::string& name : settings.supplementary_groups) {
    auto gid = os::find_group(name);
    if (!gid) return refuse(std::move(gid.error()), kGroup);
    if (std::ranges::find(identity.groups, *gid) == identity.groups.end()) {
      identity.groups.push_back(*gid);
    }
  }
  if (own.has(CAP_SETUID) && own.has(CAP_SETGID)) return identity;
  // Not root: what gatevisor is already needs no change, and anything else cannot be had.
  if (identity.uid == geteuid() && identity.gid == getegid()) return std::nullopt;
  Error error{"",
              "User=" + settings.user + (settings.group.empty() ? "" : " Group=" + settings.group) +
                  ": gatevisor runs as uid " + std::to_string(geteuid()) +
                  " and may not change it (no CAP_SETUID, CAP_SETGID)",
              0, "start it as root, or allow this with -p StrictCapabilities=no"};
  if (settings.strict_capabilities) return refuse(std::move(error), kUser);
  error.advice = "the gateway runs as gatevisor's own user";
  warnings.push_back(std::move(error));
  return std::nullopt;
}

std::string names_of(std::uint64_t set) {
  std::string names;
  for (int capability = 0; capability < 64; ++capability) {
    if ((set >> capability & 1) == 0) continue;
    names += (names.empty() ? "" : " ") + std::string(exec::capability_name(capability));
  }
  return names;
}

/// What leaves the bounding set; strict means that all of it must.
OrRefusal<std::optional<std::uint64_t>> bounding_drop(const ExecSettings& settings,
                                                      const exec::OwnCapabilities& own,
                                                      std::vector<Error>& warnings) {
  const std::uint64_t stays =
      settings.bounding_set.value_or(~std::uint64_t{0}) & ~exec::dropped_with(settings);
  // A new user namespace begins with all of them, and with the right to drop them.
  if (settings.namespaces.users && ~stays != 0) return ~stays;
  const std::uint64_t drop = own.bounding & ~stays;
  if (drop == 0) return std::nullopt;
  if (own.has(CAP_SETPCAP)) return drop;
  Error error{
      "", "CapabilityBoundingSet=: gatevisor lacks CAP_SETPCAP and cannot drop " + names_of(drop),
      0, "give it the capability, or allow this with -p StrictCapabilities=no"};
  if (settings.strict_capabilities) return refuse(std::move(error), kCapabilities);
  error.advice = "they stay in the gateway's bounding set";
  warnings.push_back(std::move(error));
  return std::nullopt;
}

/// systemd.exec(5), EnvironmentFile=: a path may be a pattern. One that no file matches stays as it
/// is, and is told as missing.
std::vector<EnvironmentFile> matching_files(const EnvironmentFile& file) {
  std::vector<EnvironmentFile> files;
  for (std::string& path : os::paths_matching(file.path)) {
    files.push_back({std::move(path), file.optional});
  }
  if (files.empty()) files.push_back(file);
  return files;
}

OrRefusal<std::vector<std::string>> read_environment_files(const ExecSettings& settings) {
  std::vector<EnvironmentFile> files;
  for (const EnvironmentFile& file : settings.environment_files) {
    std::ranges::move(matching_files(file), std::back_inserter(files));
  }
  std::vector<std::string> all;
  for (const EnvironmentFile& file : files) {
    auto text = os::read_file(file.path);
    if (!text) {
      Error& error = text.error();
      if (file.optional && error.code == ENOENT) continue;
      if (error.operation == "open") {
        error.subject = "EnvironmentFile=" + file.path;
        error.advice = "check the path, or write -" + file.path + " where it may be missing";
      }
      return refuse(std::move(error), kNoInput);
    }
    auto assignments = config::parse_environment_file(*text, file.path);
    if (!assignments) return refuse(std::move(assignments.error()), kUsage);
    all.insert(all.end(), assignments->begin(), assignments->end());
  }
  return all;
}

/// systemd.exec(5): some settings bring it where the gateway does not keep CAP_SYS_ADMIN.
bool implies_no_new_privileges(const ExecSettings& settings,
                               const std::optional<exec::Identity>& identity,
                               const exec::OwnCapabilities& own, std::uint64_t dropped) {
  if (!exec::implies_no_new_privileges(settings)) return false;
  const auto admin = std::uint64_t{1} << CAP_SYS_ADMIN;
  const bool root = identity ? identity->uid == 0 : geteuid() == 0;
  return ((root ? own.bounding & ~dropped : settings.ambient_set) & admin) == 0;
}

/// Below what it has the kernel wants CAP_SYS_RESOURCE, and that of the machine, not of a user
/// namespace: tried on gatevisor itself, which may go back up again.
bool may_have_oom_score(int wanted, std::optional<int> own) {
  if (!own || wanted >= *own) return true;
  if (!os::set_own_oom_score_adj(wanted)) return false;
  return os::set_own_oom_score_adj(*own).has_value();
}

/// Some protections are made of mounts and of a filter.
SyscallFilterSettings with_halves_of_the_mounts(const ExecSettings& settings) {
  SyscallFilterSettings filter = settings.syscall_filter;
  filter.protect_kernel_modules = settings.mounts.protect_kernel_modules;
  filter.protect_kernel_logs = settings.mounts.protect_kernel_logs;
  filter.protect_hostname = settings.namespaces.hostname;
  filter.protect_kernel_tunables = settings.mounts.protect_kernel_tunables;
  filter.private_devices = settings.mounts.private_devices;
  filter.personality = settings.process.personality;
  return filter;
}

Expected<std::vector<std::string>> expand_arguments(const Command& command,
                                                    const std::vector<std::string>& environment) {
  auto expanded = config::arguments(command, environment);
  if (!expanded) return fail("expand", command.path, 0, expanded.error());
  return std::move(*expanded);
}

exec::Surroundings own_surroundings() {
  exec::Surroundings surroundings;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    surroundings.environment.emplace_back(*entry);
  }
  if (char* directory = getcwd(nullptr, 0)) {
    surroundings.working_directory = directory;
    free(directory);
  }
  surroundings.expand_arguments = expand_arguments;
  // gatevisor lowers its own once all are prepared; a gateway gets what that was started with.
  surroundings.oom_score_adj = os::own_oom_score_adj();
  return surroundings;
}

/// Under systemd a program that is missing is found out by its start, and this follows on it.
bool has_work_after_a_failed_start(const ServiceSettings& settings) {
  return settings.restart.retries_exec_failure &&
         (settings.restart.mode != RestartMode::No || !settings.commands.stop_post.empty() ||
          !settings.dependencies.of(Dependency::OnFailure).empty() || !settings.conditions.empty());
}

}  // namespace

OrRefusal<Launcher> Launcher::make(const ServiceSettings& settings,
                                   const exec::PrivateTmpPaths& tmp, bool first,
                                   std::vector<Error>& warnings) {
  Launcher launcher;
  const exec::OwnCapabilities own = exec::own_capabilities();
  auto identity = look_up(settings.exec, own, warnings);
  if (!identity) return std::unexpected(std::move(identity.error()));
  auto drop = bounding_drop(settings.exec, own, warnings);
  if (!drop) return std::unexpected(std::move(drop.error()));
  launcher.settings_ = settings;
  launcher.identity_ = std::move(*identity);
  launcher.surroundings_ = own_surroundings();
  const auto score = launcher.surroundings_.oom_score_adj;
  if (const auto wanted = settings.exec.oom_score_adj;
      wanted && !may_have_oom_score(*wanted, score)) {
    launcher.settings_.exec.oom_score_adj.reset();
    warnings.push_back({"",
                        "OOMScoreAdjust=" + std::to_string(*wanted) + " is below gatevisor's own " +
                            std::to_string(*score),
                        EACCES, "going on without it; CAP_SYS_RESOURCE would allow it"});
  }
  if (settings.exec.remove_ipc && launcher.identity_ && launcher.identity_->uid != 0) {
    launcher.ipc_owner_ = {launcher.identity_->uid, launcher.identity_->gid};
  }
  if (!own.has(CAP_SYS_RESOURCE) && !settings.exec.oom_score_adj) {
    launcher.surroundings_.oom_score_adj.reset();
  }
  launcher.surroundings_.drop_bounding = *drop;
  launcher.may_mount_ = own.has(CAP_SYS_ADMIN);
  if (auto made = launcher.prepare_files(); !made) return refuse(std::move(made.error()), kConfig);
  ExecSettings exec = settings.exec;
  // ProtectSystem= and its like leave the service what is its own; without them nothing is mounted.
  const bool mounts = exec::make_mount_plan(exec.mounts, {}, tmp).unshare_flags != 0;
  if (mounts) {
    for (const auto& each : launcher.surroundings_.directories.all) {
      exec.mounts.read_write.push_back({.path = each.base + "/" + each.name, .optional = true});
    }
  }
  launcher.surroundings_.namespaces = exec::make_mount_plan(exec.mounts, exec.namespaces, tmp);
  // '+': the service's view of the files, without what protects them.
  NamespaceSettings unprotected = exec.namespaces;
  unprotected.hostname = false;
  unprotected.users = false;
  launcher.surroundings_.full_namespaces =
      exec::make_mount_plan(exec.mounts.unprotected(), unprotected, tmp);
  launcher.surroundings_.implied_no_new_privileges =
      implies_no_new_privileges(exec, launcher.identity_, own, drop->value_or(0));
  auto filters = exec::SyscallFilters::compile(with_halves_of_the_mounts(exec));
  if (!filters) return refuse(std::move(filters.error()), kSeccomp);
  if (!filters->empty()) {
    launcher.surroundings_.syscall_filters =
        std::make_shared<const exec::SyscallFilters>(std::move(*filters));
  }
  // What a command before it may bring (its program, its variables) is not asked for yet.
  const Commands& commands = settings.commands;
  if (commands.main.empty()) return launcher;
  const Command& command = commands.main.front();
  if (first && commands.condition.empty() && commands.start_pre.empty() &&
      !command.ignore_failure && !has_work_after_a_failed_start(settings)) {
    auto plan = launcher.plan(command, launcher.own_variables(std::string(32, '0'), Role::Main));
    if (!plan) return std::unexpected(std::move(plan.error()));
    launcher.main_ = std::move(*plan);
    launcher.keep_main_ = commands.main.size() == 1 && launcher.is_constant(command);
  }
  return launcher;
}

unsigned Launcher::uid() const { return identity_ ? identity_->uid : geteuid(); }
unsigned Launcher::gid() const { return identity_ ? identity_->gid : getegid(); }

Expected<void> Launcher::prepare_files() {
  const DirectoryBases bases = os::own_directory_bases();
  auto directories = exec::prepare_directories(settings_.exec.directories, bases, uid(), gid());
  if (!directories) return std::unexpected(std::move(directories.error()));
  const char* given = getenv("CREDENTIALS_DIRECTORY");
  auto credentials =
      exec::prepare_credentials(settings_.exec.credentials, bases, settings_.name + ".service",
                                given != nullptr ? given : "", uid(), may_mount_);
  if (!credentials) return std::unexpected(std::move(credentials.error()));
  surroundings_.directories = std::move(*directories);
  surroundings_.credentials = std::move(*credentials);
  surroundings_.system = bases.system;
  return {};
}

// Nothing in it can differ from one life to the next but the invocation's id.
bool Launcher::is_constant(const Command& command) const {
  const bool expands = command.expand && std::ranges::any_of(command.argv, [](const auto& word) {
                         return word.find('$') != std::string::npos;
                       });
  return settings_.exec.environment_files.empty() && !expands;
}

OrRefusal<exec::Plan> Launcher::plan(const Command& command,
                                     const std::vector<std::string>& variables) const {
  auto files = read_environment_files(settings_.exec);
  if (!files) return std::unexpected(std::move(files.error()));
  auto plan = exec::Plan::make(settings_.exec, command, identity_, surroundings_, std::move(*files),
                               variables);
  if (!plan) return refuse(std::move(plan.error()), kExec);
  // Where nothing may be killed, gatevisor's own end must not kill it either.
  plan->die_with_parent = settings_.kill.mode != KillMode::None && settings_.kill.send_sigkill;
  return std::move(*plan);
}

// systemd.exec(5), 'Environment Variables Set or Propagated by the Service Manager'.
std::vector<std::string> Launcher::own_variables(const std::string& invocation, Role role) const {
  std::vector<std::string> all = {"INVOCATION_ID=" + invocation};
  const LifeSettings& life = settings_.life;
  // `run -- COMMAND` has the container's environment, and none of systemd's.
  if (!settings_.exec.inherit_environment) all.emplace_back("SYSTEMD_EXEC_PID=");
  const bool main = role == Role::Main;
  const NotifyAccess access = life.notify();
  const bool notify = main ? access != NotifyAccess::None
                           : role == Role::Command && (access == NotifyAccess::Exec ||
                                                       access == NotifyAccess::All);
  if (notify && !notify_socket_.empty()) all.push_back("NOTIFY_SOCKET=" + notify_socket_);
  if (!settings_.pid_file.empty() && !settings_.writes_pid_file) {
    all.push_back("PIDFILE=" + settings_.pid_file);
  }
  if (main && life.watchdog > Duration{0}) {
    all.push_back("WATCHDOG_USEC=" + std::to_string(life.watchdog.count()));
    all.emplace_back("WATCHDOG_PID=");
  }
  return all;
}

Expected<const exec::Plan*> Launcher::main(std::size_t index, const std::string& invocation,
                                           const std::vector<std::string>& variables) {
  if (main_ && keep_main_ && variables.empty()) {
    main_->set_invocation(invocation);
    return &*main_;
  }
  auto made = plan_as(Role::Main, settings_.commands.main.at(index), invocation, variables);
  if (!made) return std::unexpected(std::move(made.error()));
  main_ = std::move(*made);
  return &*main_;
}

Expected<exec::Plan> Launcher::plan_as(Role role, const Command& command,
                                       const std::string& invocation,
                                       const std::vector<std::string>& variables) const {
  auto all = own_variables(invocation, role);
  all.insert(all.end(), variables.begin(), variables.end());
  auto made = plan(command, all);
  if (!made) return std::unexpected(std::move(made.error().error));
  return std::move(*made);
}

Expected<exec::Plan> Launcher::beside(const Command& command, const std::string& invocation,
                                      const std::vector<std::string>& variables) const {
  auto made = plan_as(Role::Beside, command, invocation, variables);
  if (made && !may_mount_) made->credentials = {};
  return made;
}

Expected<exec::Plan> Launcher::command(CommandKind kind, std::size_t index,
                                       const std::string& invocation,
                                       const std::vector<std::string>& variables) const {
  // Type=forking: the first process of the service, by which it may also say that it is ready.
  const Role role = kind == CommandKind::Main ? Role::Main : Role::Command;
  auto made = plan_as(role, settings_.commands.of(kind).at(index), invocation, variables);
  const bool beside_main =
      kind == CommandKind::StartPost || kind == CommandKind::Reload || kind == CommandKind::Stop;
  // A plain directory is the main process's too, and full; a mount of its own is each process's.
  if (made && beside_main && !may_mount_) made->credentials = {};
  return made;
}

}  // namespace gatevisor::app
