// systemd.exec(5), 'Sandboxing' and 'Paths': the mounts and namespaces of the service.

#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "config/setters.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

/// Absolute, without '//', '.' and a '/' at the end. '..' is refused, as in systemd.
Parsed<std::string> parse_normal_path(std::string_view text) {
  auto whole = parse_absolute_path(text);
  if (!whole) return whole;
  std::string path;
  for (std::string_view rest = *whole; !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(name.size());
    if (name == "..") return refuse("expected a path without '..'");
    if (!name.empty() && name != ".") path.append("/").append(name);
  }
  return path.empty() ? "/" : path;
}

Parsed<SandboxPath> parse_sandbox_path(std::string_view word) {
  SandboxPath path;
  path.optional = word.starts_with('-');
  if (path.optional) word.remove_prefix(1);
  path.below_root = word.starts_with('+');
  if (path.below_root) word.remove_prefix(1);
  if (auto stored = store(path.path, parse_normal_path(word)); !stored) {
    return refuse(stored.error() + ", after '-' if it may be missing, then '+' for RootDirectory=");
  }
  return path;
}

/// 'a:b\:c' is a, b:c.
std::vector<std::string> split_colons(std::string_view word) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && i + 1 < word.size() && word[i + 1] == ':') {
      parts.back() += word[++i];
    } else if (word[i] == ':') {
      parts.emplace_back();
    } else {
      parts.back() += word[i];
    }
  }
  return parts;
}

Parsed<BindPath> parse_bind(std::string_view word, bool read_only) {
  BindPath bind;
  bind.read_only = read_only;
  bind.optional = word.starts_with('-');
  if (bind.optional) word.remove_prefix(1);
  const auto parts = split_colons(word);
  if (parts.size() > 3) return refuse("expected SOURCE[:DESTINATION[:rbind|norbind]]");
  if (auto stored = store(bind.source, parse_normal_path(parts[0])); !stored) {
    return refuse(stored.error() + ", after '-' if it may be missing");
  }
  bind.destination = bind.source;
  if (parts.size() > 1 && !parts[1].empty()) {
    if (auto stored = store(bind.destination, parse_normal_path(parts[1])); !stored) {
      return refuse(stored.error() + " behind ':'");
    }
  }
  if (bind.destination == "/") return refuse("expected a destination below /");
  if (parts.size() > 2 && !parts[2].empty()) {
    constexpr std::array kChoices = {Choice{"rbind", true}, Choice{"norbind", false}};
    if (auto stored = store(bind.recursive, choose(parts[2], kChoices)); !stored) {
      return refuse(stored.error());
    }
  }
  return bind;
}

struct MountOption {
  std::string_view name;
  unsigned long set = 0;
  unsigned long clear = 0;
};

// mount(8), 'Filesystem-independent mount options'.
constexpr std::array<MountOption, 18> kMountOptions = {{{"defaults"},
                                                        {"ro", MS_RDONLY},
                                                        {"rw", 0, MS_RDONLY},
                                                        {"nosuid", MS_NOSUID},
                                                        {"suid", 0, MS_NOSUID},
                                                        {"nodev", MS_NODEV},
                                                        {"dev", 0, MS_NODEV},
                                                        {"noexec", MS_NOEXEC},
                                                        {"exec", 0, MS_NOEXEC},
                                                        {"sync", MS_SYNCHRONOUS},
                                                        {"async", 0, MS_SYNCHRONOUS},
                                                        {"noatime", MS_NOATIME},
                                                        {"atime", 0, MS_NOATIME},
                                                        {"nodiratime", MS_NODIRATIME},
                                                        {"diratime", 0, MS_NODIRATIME},
                                                        {"relatime", MS_RELATIME},
                                                        {"strictatime", MS_STRICTATIME},
                                                        {"nostrictatime", 0, MS_STRICTATIME}}};

// tmpfs(5).
constexpr std::array<std::string_view, 9> kTmpfsOptions = {
    "size", "nr_blocks", "nr_inodes", "mode", "uid", "gid", "huge", "mpol", "inode64"};

Parsed<TemporaryFileSystem> parse_temporary(std::string_view word) {
  TemporaryFileSystem mount;
  const std::size_t colon = word.find(':');
  if (auto stored = store(mount.path, parse_normal_path(word.substr(0, colon))); !stored) {
    return refuse(stored.error() + ", then ':' and options of tmpfs");
  }
  if (mount.path == "/") return refuse("expected a directory below /");
  // systemd's own: what is not said again in the options stays.
  mount.flags = MS_NODEV | MS_STRICTATIME;
  mount.data = "mode=0755,size=10%,nr_inodes=400k";
  std::string_view rest = colon == std::string_view::npos ? "" : word.substr(colon + 1);
  while (!rest.empty()) {
    const std::string_view option = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(option.size() + 1, rest.size()));
    const auto known = std::ranges::find(kMountOptions, option, &MountOption::name);
    if (known != kMountOptions.end()) {
      mount.flags = (mount.flags | known->set) & ~known->clear;
      continue;
    }
    const std::string_view name = option.substr(0, option.find('='));
    if (std::ranges::find(kTmpfsOptions, name) == kTmpfsOptions.end()) {
      return refuse(quoted(option) + " is no option of tmpfs");
    }
    mount.data.append(",").append(option);
  }
  return mount;
}

/// Adds what each word says; an empty value empties the list.
template <typename T, typename Parse>
Parsed<void> add_words(std::vector<T>& field, std::string_view value, Parse parse) {
  // A backslash before ':' is BindPaths= own.
  auto words = split_words(value, UnknownEscape::Kept);
  if (!words) return refuse(std::move(words.error()));
  std::vector<T> all;
  if (!words->empty()) all = field;
  for (const std::string& word : *words) {
    auto parsed = parse(word);
    if (!parsed) return refuse(quoted(word) + ": " + parsed.error());
    if (std::ranges::find(all, *parsed) == all.end()) all.push_back(std::move(*parsed));
  }
  if (all.size() > kMaxEntries) {
    return refuse("expected at most " + std::to_string(kMaxEntries) + " paths");
  }
  field = std::move(all);
  return {};
}

Parsed<void> add_paths(std::vector<SandboxPath>& field, std::string_view value) {
  return add_words(field, value, parse_sandbox_path);
}

/// An empty value is what was there at first.
Parsed<void> store_switch(bool& field, std::string_view value) {
  if (value.empty()) {
    field = false;
    return {};
  }
  return store(field, parse_boolean(value));
}

/// A boolean, or one of a few words.
template <typename T, std::size_t N>
Parsed<void> store_mode(T& field, std::string_view value, T yes,
                        const std::array<Choice<T>, N>& choices) {
  if (value.empty()) {
    field = T{};
    return {};
  }
  if (const auto boolean = parse_boolean(value)) {
    field = *boolean ? yes : T{};
    return {};
  }
  auto chosen = choose(value, choices);
  if (!chosen) return refuse(chosen.error() + ", or yes or no");
  field = *chosen;
  return {};
}

template <typename T, std::size_t N>
Parsed<void> store_choice(T& field, std::string_view value,
                          const std::array<Choice<T>, N>& choices) {
  if (value.empty()) {
    field = T{};
    return {};
  }
  return store(field, choose(value, choices));
}

}  // namespace

Parsed<void> set_protect_system(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {Choice{"full", ProtectSystem::Full},
                                   Choice{"strict", ProtectSystem::Strict}};
  return store_mode(settings.exec.mounts.protect_system, value, ProtectSystem::Yes, kChoices);
}

Parsed<void> set_protect_home(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {Choice{"read-only", ProtectHome::ReadOnly},
                                   Choice{"tmpfs", ProtectHome::Tmpfs}};
  return store_mode(settings.exec.mounts.protect_home, value, ProtectHome::Yes, kChoices);
}

Parsed<void> set_read_write_paths(ServiceSettings& settings, std::string_view value) {
  return add_paths(settings.exec.mounts.read_write, value);
}

Parsed<void> set_read_only_paths(ServiceSettings& settings, std::string_view value) {
  return add_paths(settings.exec.mounts.read_only, value);
}

Parsed<void> set_inaccessible_paths(ServiceSettings& settings, std::string_view value) {
  return add_paths(settings.exec.mounts.inaccessible, value);
}

Parsed<void> set_exec_paths(ServiceSettings& settings, std::string_view value) {
  return add_paths(settings.exec.mounts.exec, value);
}

Parsed<void> set_no_exec_paths(ServiceSettings& settings, std::string_view value) {
  return add_paths(settings.exec.mounts.no_exec, value);
}

// Both names fill one list, and the empty value of either empties it: as in systemd.
Parsed<void> set_bind_paths(ServiceSettings& settings, std::string_view value) {
  return add_words(settings.exec.mounts.binds, value,
                   [](std::string_view word) { return parse_bind(word, false); });
}

Parsed<void> set_bind_read_only_paths(ServiceSettings& settings, std::string_view value) {
  return add_words(settings.exec.mounts.binds, value,
                   [](std::string_view word) { return parse_bind(word, true); });
}

Parsed<void> set_temporary_file_system(ServiceSettings& settings, std::string_view value) {
  return add_words(settings.exec.mounts.temporary, value, parse_temporary);
}

Parsed<void> set_private_tmp(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.mounts.private_tmp, value);
}

Parsed<void> set_private_devices(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.mounts.private_devices, value);
}

Parsed<void> set_protect_kernel_tunables(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.mounts.protect_kernel_tunables, value);
}

Parsed<void> set_protect_kernel_modules(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.mounts.protect_kernel_modules, value);
}

Parsed<void> set_protect_kernel_logs(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.mounts.protect_kernel_logs, value);
}

Parsed<void> set_protect_control_groups(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.mounts.protect_control_groups, value);
}

Parsed<void> set_protect_proc(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {
      Choice{"default", ProtectProc::Default}, Choice{"noaccess", ProtectProc::NoAccess},
      Choice{"invisible", ProtectProc::Invisible}, Choice{"ptraceable", ProtectProc::Ptraceable}};
  return store_choice(settings.exec.mounts.protect_proc, value, kChoices);
}

Parsed<void> set_proc_subset(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {Choice{"all", false}, Choice{"pid", true}};
  return store_choice(settings.exec.mounts.proc_subset_pid, value, kChoices);
}

Parsed<void> set_private_mounts(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.mounts.private_mounts, value);
}

Parsed<void> set_mount_flags(ServiceSettings& settings, std::string_view value) {
  constexpr std::array kChoices = {Choice{"shared", MountPropagation::Shared},
                                   Choice{"slave", MountPropagation::Slave},
                                   Choice{"private", MountPropagation::Private}};
  return store_choice(settings.exec.mounts.propagation, value, kChoices);
}

Parsed<void> set_mount_api(ServiceSettings& settings, std::string_view value) {
  if (value.empty()) {
    settings.exec.mounts.mount_api = MountApi::Default;
    return {};
  }
  const auto yes = parse_boolean(value);
  if (!yes) return refuse(yes.error());
  settings.exec.mounts.mount_api = *yes ? MountApi::Yes : MountApi::No;
  return {};
}

Parsed<void> set_root_directory(ServiceSettings& settings, std::string_view value) {
  std::string path;
  if (!value.empty()) {
    if (auto stored = store(path, parse_normal_path(value)); !stored) return stored;
  }
  settings.exec.mounts.root_directory = path == "/" ? "" : std::move(path);
  return {};
}

Parsed<void> set_private_network(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.namespaces.network, value);
}

Parsed<void> set_private_ipc(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.namespaces.ipc, value);
}

Parsed<void> set_private_users(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.namespaces.users, value);
}

Parsed<void> set_protect_hostname(ServiceSettings& settings, std::string_view value) {
  return store_switch(settings.exec.namespaces.hostname, value);
}

}  // namespace gatevisor::config
