#include "app/unit_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "config/dependency_names.h"
#include "config/environment_file.h"
#include "os/directory_bases.h"
#include "os/file.h"
#include "os/machine.h"
#include "os/users.h"

namespace gatevisor::app {
namespace {

using config::UnitName;

struct UnitSource {
  std::string path;
  std::string text;
};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// The unit's own name, and for an instance that of its template.
std::vector<std::string> file_names(const UnitName& name) {
  std::vector<std::string> names = {name.whole};
  if (name.instance && !name.is_template()) names.push_back(name.prefix + "@." + name.type);
  return names;
}

Expected<UnitSource> find_unit(const std::string& what, const UnitName& name,
                               const std::string& first_folder) {
  std::vector<std::string> folders;
  if (!first_folder.empty()) folders.push_back(first_folder);
  if (what.find('/') != std::string::npos) {
    folders.push_back(folder_of(what));
  } else {
    folders.insert(folders.end(), std::begin(kUnitPath), std::end(kUnitPath));
    folders.emplace_back(".");
  }
  for (const std::string& folder : folders) {
    for (const std::string& file : file_names(name)) {
      const std::string path = folder + "/" + file;
      auto text = os::read_file(path);
      if (text) return UnitSource{path, std::move(*text)};
      if (text.error().code != ENOENT) return std::unexpected(std::move(text.error()));
    }
  }
  return fail(
      "open", what, ENOENT,
      what.find('/') != std::string::npos
          ? "check the path of the unit file"
          : "it is neither in /etc/systemd/system and its like nor in the working directory");
}

std::vector<std::string> unit_folders(const std::string& unit_folder) {
  std::vector<std::string> folders(std::begin(kUnitPath), std::end(kUnitPath));
  if (std::ranges::find(folders, unit_folder) == folders.end()) folders.push_back(unit_folder);
  return folders;
}

/// systemd.unit(5): the names in NAME.service.wants/ and its like are dependencies.
void read_dependency_directories(const UnitName& name, const std::string& unit_folder,
                                 Dependencies& dependencies) {
  for (const std::string& folder : unit_folders(unit_folder)) {
    for (const std::string& file : file_names(name)) {
      for (const Dependency kind : {Dependency::Wants, Dependency::Requires}) {
        const char* ending = kind == Dependency::Wants ? ".wants" : ".requires";
        const std::string directory = folder + "/" + file + ending;
        for (const std::string& other : os::names_at(AT_FDCWD, directory.c_str())) {
          config::add_dependency(dependencies, kind, other);
        }
      }
    }
  }
}

/// systemd.unit(5): *.conf of every drop-in directory in every folder; the first of a name counts,
/// and they are read in the order of their names.
std::vector<UnitSource> find_drop_ins(const UnitName& name, const std::string& unit_folder) {
  const std::vector<std::string> folders = unit_folders(unit_folder);
  std::map<std::string, std::string> by_name;
  for (const std::string& directory : config::drop_in_directories(name)) {
    for (const std::string& folder : folders) {
      const std::string path = folder + "/" + directory;
      for (const std::string& file : os::names_at(AT_FDCWD, path.c_str())) {
        if (file.ends_with(".conf")) by_name.emplace(file, path + "/" + file);
      }
    }
  }
  std::vector<UnitSource> sources;
  for (const auto& [file, path] : by_name) sources.push_back({path, {}});
  return sources;
}

/// What os-release(5) has; every field it does not have is empty.
void read_os_release(config::SpecifierValues& values) {
  std::map<std::string, std::string> fields;
  for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
    const auto text = os::read_file(path);
    if (!text) continue;
    const auto lines = config::parse_environment_file(*text, path);
    if (!lines) break;
    for (const std::string& line : *lines) {
      fields[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    }
    break;
  }
  values.image_version = fields["IMAGE_VERSION"];
  values.build_id = fields["BUILD_ID"];
  values.image_id = fields["IMAGE_ID"];
  values.os_id = fields["ID"];
  values.os_version_id = fields["VERSION_ID"];
  values.os_variant_id = fields["VARIANT_ID"];
}

std::string or_default(const char* variable, const char* otherwise) {
  const char* value = getenv(variable);
  return value != nullptr && *value == '/' ? value : otherwise;
}

config::SpecifierValues specifier_values(const std::string& path, const std::string& unit) {
  config::SpecifierValues values;
  values.kernel_release = os::kernel_release();
  const std::string machine = os::hardware_name();
  values.architecture = machine == "x86_64" ? "x86-64" : machine == "aarch64" ? "arm64" : machine;
  const std::string host = os::host_name();
  values.host_name = host;
  values.short_host_name = host.substr(0, host.find('.'));
  values.pretty_host_name = host;
  // Where there is none the specifier is an error: an empty id would be a wrong path.
  if (const std::string id = os::machine_id(); !id.empty()) values.machine_id = id;
  if (const std::string id = os::boot_id(); !id.empty()) values.boot_id = id;
  values.uid = std::to_string(geteuid());
  values.gid = std::to_string(getegid());
  if (const auto user = os::find_user(*values.uid)) {
    values.user = user->name.empty() ? *values.uid : user->name;
    values.home = user->home;
    values.shell = user->shell;
  }
  values.group = geteuid() == 0 ? "root" : *values.gid;
  const DirectoryBases bases = os::own_directory_bases();
  const auto root = [&bases](DirectoryKind kind) -> std::optional<std::string> {
    if (bases.of(kind).empty()) return std::nullopt;
    return bases.of(kind);
  };
  values.cache_root = root(DirectoryKind::Cache);
  values.config_root = root(DirectoryKind::Configuration);
  values.logs_root = root(DirectoryKind::Logs);
  values.state_root = root(DirectoryKind::State);
  values.runtime_root = root(DirectoryKind::Runtime);
  if (values.runtime_root) values.credentials = *values.runtime_root + "/credentials/" + unit;
  values.shared_data_root = "/usr/share";
  values.tmp = or_default("TMPDIR", "/tmp");
  values.var_tmp = or_default("TMPDIR", "/var/tmp");
  values.fragment_path = path;
  read_os_release(values);
  return values;
}

}  // namespace

Expected<config::LoadedUnit> read_unit(const std::string& what, const std::set<std::string>& allow,
                                       const std::string& folder) {
  auto name = config::parse_unit_name(base_name(what));
  if (!name || name->type != "service") {
    return fail("unit", what, 0,
                name ? "expected a service" : "expected NAME.service: " + name.error());
  }
  auto unit = find_unit(what, *name, folder);
  if (!unit) return std::unexpected(std::move(unit.error()));
  std::vector<UnitSource> sources = find_drop_ins(*name, folder_of(unit->path));
  for (UnitSource& drop_in : sources) {
    auto text = os::read_file(drop_in.path);
    if (!text) return std::unexpected(std::move(text.error()));
    drop_in.text = std::move(*text);
  }
  const std::string path = unit->path;
  const config::SpecifierValues values = specifier_values(path, name->whole);
  sources.insert(sources.begin(), std::move(*unit));
  std::vector<config::UnitText> texts;
  for (const UnitSource& source : sources) {
    auto text = config::parse_unit_text(source.text, source.path);
    if (!text) {
      config::LoadedUnit broken;
      broken.settings = config::unit_defaults();
      broken.errors.push_back(std::move(text.error()));
      return broken;
    }
    texts.push_back(std::move(*text));
  }
  config::LoadedUnit loaded = config::load_unit(*name, texts, values, allow);
  read_dependency_directories(*name, folder_of(path), loaded.settings.dependencies);
  loaded.path = path;
  return loaded;
}

}  // namespace gatevisor::app
