#include "os/condition_machine.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <linux/netlink.h>
#include <sched.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <vector>

#include "os/cgroup_mount.h"
#include "os/condition_firmware.h"
#include "os/condition_pressure.h"
#include "os/expression.h"
#include "os/file.h"
#include "os/inherited.h"
#include "os/machine.h"
#include "os/unique_fd.h"
#include "os/users.h"
#include "os/virtualization.h"

namespace gatevisor::os {
namespace {

// systemd's SYSTEM_UID_MAX.
constexpr unsigned kMaxSystemId = 999;

std::string text_of(const std::string& path) { return read_file(path).value_or(""); }
bool is_there(const char* path) { return access(path, F_OK) == 0; }

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// systemd.unit(5): 1 yes true on, and their opposites.
std::optional<bool> boolean_of(const std::string& text) {
  for (const char* yes : {"1", "yes", "y", "true", "t", "on"}) {
    if (strcasecmp(text.c_str(), yes) == 0) return true;
  }
  for (const char* no : {"0", "no", "n", "false", "f", "off"}) {
    if (strcasecmp(text.c_str(), no) == 0) return false;
  }
  return std::nullopt;
}

bool is_architecture(const std::string& wanted) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kMachines = {{
      {"x86_64", "x86-64"},
      {"i686", "x86"},
      {"i586", "x86"},
      {"i486", "x86"},
      {"i386", "x86"},
      {"aarch64", "arm64"},
      {"aarch64_be", "arm64-be"},
      {"ppc64le", "ppc64-le"},
      {"ppcle", "ppc-le"},
      {"armv7l", "arm"},
      {"armv6l", "arm"},
      {"armv8l", "arm"},
  }};
  const std::string machine = hardware_name();
  const auto* const found =
      std::ranges::find(kMachines, machine, &std::pair<std::string_view, std::string_view>::first);
  // 'native' is what gatevisor itself was made for.
  return wanted == "native" || wanted == (found != kMachines.end() ? found->second : machine);
}

/// A word, or the name of an assignment.
bool is_on_command_line(const std::string& wanted) {
  const bool container = find_virtualization().kind == VirtualKind::Container;
  // A container's is that of its PID 1, as for systemd: the kernel's is not its own.
  std::string line = text_of(container ? "/proc/1/cmdline" : "/proc/cmdline");
  std::ranges::replace(line, '\0', ' ');
  const bool assignment = wanted.find('=') != std::string::npos;
  return std::ranges::any_of(words_of(line), [&](const std::string& word) {
    return word == wanted || (!assignment && word.starts_with(wanted + "="));
  });
}

bool is_kernel_version(const std::string& expressions) {
  std::vector<std::string> words = words_of(expressions);
  const std::string release = kernel_release();
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view rest = words[i];
    const auto op = take_operator(rest);
    // Between an operator and its version there may be a space.
    if (op && rest.empty() && i + 1 < words.size()) rest = words[++i];
    if (!holds_for_text(op.value_or(Operator::Matches), release, std::string(rest))) return false;
  }
  return !words.empty();
}

std::string release_field(const std::string& key) {
  std::string text = text_of("/etc/os-release");
  if (text.empty()) text = text_of("/usr/lib/os-release");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key + "=")) return unquoted(line.substr(key.size() + 1));
  }
  return {};
}

bool is_release(const std::string& expressions) {
  const std::vector<std::string> words = words_of(expressions);
  for (const std::string& word : words) {
    const std::size_t at = word.find_first_of("!<=>$");
    if (at == std::string::npos) return false;
    std::string_view rest = std::string_view(word).substr(at);
    const auto op = take_operator(rest);
    const std::string wanted = unquoted(std::string(rest));
    // Without a value it is none, as for systemd.
    if (!op || rest.empty() || !holds_for_text(*op, release_field(word.substr(0, at)), wanted))
      return false;
  }
  return !words.empty();
}

bool is_host(const std::string& wanted) {
  std::string id = wanted;
  std::erase(id, '-');
  const bool is_id =
      id.size() == 32 && id.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (is_id) return strcasecmp(id.c_str(), machine_id().c_str()) == 0;
  return fnmatch(wanted.c_str(), host_name().c_str(), FNM_CASEFOLD) == 0;
}

bool is_virtualization(const std::string& wanted) {
  if (wanted == "private-users") return in_user_namespace();
  const Virtualization found = find_virtualization();
  if (const auto yes = boolean_of(wanted)) return *yes == (found.kind != VirtualKind::None);
  if (wanted == "vm") return found.kind == VirtualKind::Vm;
  if (wanted == "container") return found.kind == VirtualKind::Container;
  return found.kind != VirtualKind::None && wanted == found.name;
}

bool has_audit() {
  const UniqueFd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT));
  return static_cast<bool>(fd);
}

bool has_secure_boot() {
  // efivarfs: four bytes of attributes, then the value.
  const std::string value =
      text_of("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
  return value.size() == 5 && value[4] == 1;
}

bool has_security(const std::string& wanted) {
  if (wanted == "selinux") return is_there("/sys/fs/selinux/enforce");
  if (wanted == "smack") return is_there("/sys/fs/smackfs/");
  if (wanted == "apparmor") return text_of("/sys/module/apparmor/parameters/enabled")[0] == 'Y';
  if (wanted == "ima") return is_there("/sys/kernel/security/ima/");
  if (wanted == "tomoyo") return is_there("/sys/kernel/security/tomoyo/version");
  if (wanted == "audit") return has_audit();
  if (wanted == "uefi-secureboot") return has_secure_boot();
  return wanted == "tpm2" && !names_at(AT_FDCWD, "/sys/class/tpmrm").empty();
}

/// The machine's memory, or what the container may have of it.
std::uint64_t memory() {
  const std::uint64_t whole = physical_memory();
  std::string limit = text_of("/sys/fs/cgroup/memory.max");
  while (limit.ends_with('\n')) limit.pop_back();
  return std::min(whole, number_of(limit).value_or(whole));
}

std::uint64_t processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  return static_cast<std::uint64_t>(CPU_COUNT(&set));
}

/// '>=N', as src/config has written it.
bool compares(const std::string& expression, std::uint64_t actual) {
  std::string_view rest = expression;
  const auto op = take_operator(rest);
  const auto wanted = number_of(rest);
  return wanted && holds_for_number(op.value_or(Operator::GreaterEqual), actual, *wanted);
}

bool has_cpu_feature(const std::string& wanted) {
  // Where systemd and the kernel have different words.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kNames = {
      {{"sse3", "pni"}, {"fma3", "fma"}, {"pclmul", "pclmulqdq"}, {"osxsave", "xsave"}}};
  const auto* const found =
      std::ranges::find(kNames, wanted, &std::pair<std::string_view, std::string_view>::first);
  const std::string name = found != kNames.end() ? std::string(found->second) : wanted;
  std::istringstream lines(text_of("/proc/cpuinfo"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("flags")) continue;
    const auto flags = words_of(line);
    return std::ranges::find(flags, name) != flags.end();
  }
  return false;
}

bool is_user(const std::string& wanted) {
  if (wanted == "@system") return getuid() <= kMaxSystemId || geteuid() <= kMaxSystemId;
  const auto user = find_user(wanted);
  return user && (user->uid == getuid() || user->uid == geteuid());
}

bool is_group(const std::string& wanted) {
  const auto gid = find_group(wanted);
  if (!gid) return false;
  if (*gid == getgid() || *gid == getegid()) return true;
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(getgroups(0, nullptr), 0)));
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  return count > 0 && std::ranges::find(groups, *gid) != groups.end();
}

bool has_controllers(const std::string& wanted) {
  if (wanted == "v2") return is_unified();
  if (wanted == "v1") return !is_unified();
  constexpr std::array<std::string_view, 4> kKnown = {"cpu", "io", "memory", "pids"};
  const auto place = own_cgroup_place();
  const auto there =
      words_of(place ? text_of(place->directory() + "/cgroup.controllers") : std::string());
  return std::ranges::all_of(words_of(wanted), [&](const std::string& name) {
    // systemd.unit(5): what is not known is left out.
    return std::ranges::find(kKnown, name) == kKnown.end() ||
           std::ranges::find(there, name) != there.end();
  });
}

/// No source that is known is as good as one.
bool on_ac_power() {
  bool offline = false;
  const std::string folder = "/sys/class/power_supply";
  for (const std::string& name : names_at(AT_FDCWD, folder.c_str())) {
    if (!text_of(folder + "/" + name + "/type").starts_with("Mains")) continue;
    if (text_of(folder + "/" + name + "/online").starts_with('1')) return true;
    offline = true;
  }
  return !offline;
}

/// systemd.unit(5): /usr is newer than what was made of it.
bool needs_update(std::string directory) {
  struct statvfs system{};
  if (statvfs(directory.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0) return false;
  directory += "/.updated";
  struct stat updated{};
  struct stat usr{};
  if (lstat(directory.c_str(), &updated) != 0 || lstat("/usr/", &usr) != 0) return true;
  if (usr.st_mtim.tv_sec != updated.st_mtim.tv_sec) {
    return usr.st_mtim.tv_sec > updated.st_mtim.tv_sec;
  }
  if (usr.st_mtim.tv_nsec == 0 || updated.st_mtim.tv_nsec > 0) {
    return usr.st_mtim.tv_nsec > updated.st_mtim.tv_nsec;
  }
  // A file system without nanoseconds: the file itself has them.
  constexpr std::string_view kKey = "TIMESTAMP_NSEC=";
  for (const std::string& line : words_of(text_of(directory))) {
    if (!line.starts_with(kKey)) continue;
    const auto stamp = number_of(std::string_view(line).substr(kKey.size()));
    if (!stamp) return true;
    return static_cast<std::uint64_t>(usr.st_mtim.tv_sec) * 1'000'000'000 +
               static_cast<std::uint64_t>(usr.st_mtim.tv_nsec) >
           *stamp;
  }
  return true;
}

bool has_credential(const std::string& name) {
  if (!is_credential_name(name)) return false;
  for (const char* variable : {"CREDENTIALS_DIRECTORY", "ENCRYPTED_CREDENTIALS_DIRECTORY"}) {
    const char* directory = std::getenv(variable);
    if (directory != nullptr && is_there((std::string(directory) + "/" + name).c_str()))
      return true;
  }
  return false;
}

/// The device mapper's crypt, or something that is on nothing else.
bool is_encrypted_device(const std::string& folder, int depth) {
  constexpr int kMostLayers = 8;
  if (depth > kMostLayers) return false;
  if (text_of(folder + "/dm/uuid").starts_with("CRYPT-")) return true;
  const auto below = names_at(AT_FDCWD, (folder + "/slaves").c_str());
  return !below.empty() && std::ranges::all_of(below, [&](const std::string& name) {
    return is_encrypted_device(folder + "/slaves/" + name, depth + 1);
  });
}

bool is_encrypted(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return false;
  const dev_t device = S_ISBLK(info.st_mode) ? info.st_rdev : info.st_dev;
  return is_encrypted_device(
      "/sys/dev/block/" + std::to_string(major(device)) + ":" + std::to_string(minor(device)), 0);
}

bool has_capability(const std::string& number) {
  const auto capability = number_of(number);
  return capability && prctl(PR_CAPBSET_READ, *capability, 0, 0, 0) == 1;
}

}  // namespace

bool machine_holds(const Condition& condition) {
  using Kind = Condition::Kind;
  const std::string& what = condition.parameter;
  switch (condition.kind) {
    case Kind::Architecture: return is_architecture(what);
    case Kind::KernelCommandLine: return is_on_command_line(what);
    case Kind::KernelVersion: return is_kernel_version(what);
    case Kind::OSRelease: return is_release(what);
    case Kind::Host: return is_host(what);
    case Kind::Virtualization: return is_virtualization(what);
    case Kind::Security: return has_security(what);
    case Kind::Capability: return has_capability(what);
    case Kind::Memory: return compares(what, memory());
    case Kind::CPUs: return compares(what, processors());
    case Kind::CPUFeature: return has_cpu_feature(what);
    case Kind::User: return is_user(what);
    case Kind::Group: return is_group(what);
    case Kind::ControlGroupController: return has_controllers(what);
    case Kind::ACPower: return boolean_of(what) == on_ac_power();
    case Kind::FirstBoot: return boolean_of(what) == is_there("/run/systemd/first-boot");
    case Kind::NeedsUpdate: return needs_update(what);
    case Kind::Credential: return has_credential(what);
    case Kind::PathIsEncrypted: return is_encrypted(what);
    case Kind::Firmware: return has_firmware(what);
    case Kind::MemoryPressure:
    case Kind::CPUPressure:
    case Kind::IOPressure: return pressure_holds(condition);
    case Kind::PathExists:
    case Kind::PathExistsGlob:
    case Kind::PathIsDirectory:
    case Kind::PathIsSymbolicLink:
    case Kind::PathIsMountPoint:
    case Kind::PathIsReadWrite:
    case Kind::DirectoryNotEmpty:
    case Kind::FileNotEmpty:
    case Kind::FileIsExecutable:
    case Kind::Environment: return false;
  }
  return false;
}

}  // namespace gatevisor::os
