#include "config/load_unit.h"

#include <algorithm>
#include <array>

#include "config/command_line.h"
#include "config/dependency_names.h"
#include "config/environment_file.h"
#include "config/parse_condition.h"
#include "config/properties.h"
#include "config/signal_map.h"
#include "config/unit_tables.h"
#include "config/words.h"

namespace gatevisor::config {
namespace {

template <typename List>
bool is_one_of(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

class Loader {
 public:
  Loader(const UnitName& name, const SpecifierValues& values, std::set<std::string> allow)
      : name_(name), values_(values), allow_(std::move(allow)) {
    unit_.settings = unit_defaults();
    unit_.settings.name = name.whole.substr(0, name.whole.rfind('.'));
  }

  LoadedUnit load(std::span<const UnitText> texts) {
    // Allow= may stand behind what it allows.
    each(texts, [this](const Assignment& line) { find_allowed(line); });
    unit_.allow = allow_;
    each(texts, [this](const Assignment& line) { take(line); });
    for (const UnitText& text : texts) {
      unit_.remarks.insert(unit_.remarks.end(), text.remarks.begin(), text.remarks.end());
    }
    check_whole(texts);
    return std::move(unit_);
  }

 private:
  template <typename Visit>
  static void each(std::span<const UnitText> texts, Visit visit) {
    for (const UnitText& text : texts) std::ranges::for_each(text.assignments, visit);
  }

  void error(Location at, std::string message) {
    unit_.errors.push_back({std::move(at), std::move(message)});
  }

  void find_allowed(const Assignment& line) {
    if (line.section != "X-Gatevisor" || line.name != "Allow") return;
    const auto words = split_words(line.value);
    if (!words) return error(line.locate(), words.error());
    if (words->empty()) allow_.clear();
    allow_.insert(words->begin(), words->end());
  }

  void take(const Assignment& line) {
    const bool known_section = !directives(line.section).empty();
    if (!known_section) {
      // systemd.unit(5): sections and settings that begin with 'X-' are left alone.
      if (line.section.starts_with("X-")) return;
      if (is_one_of(kOtherSections, line.section)) return pass_over_section(line);
      return error(line.at,
                   "expected a section of a service, not [" + printable(line.section) + "]");
    }
    if (line.name.starts_with("X-")) return;
    const Directive* directive = find_directive(line.section, line.name);
    if (directive == nullptr) {
      return error(line.at, printable(line.name) + "= is no setting of [" + line.section + "]");
    }
    if (line.section == "Unit") {
      if (const auto kind = dependency_kind(line.name)) return take_dependency(line, *kind);
    }
    note(line, *directive);
    if (line.name == "BusName") {
      bus_name_at_.reset();
      if (!line.value.empty()) bus_name_at_ = line.locate();
    }
    if (directive->fate != Fate::Done) return;
    if (line.section != "Unit" && take_commands(line)) return;
    if (line.section == "Unit" && take_condition(line)) return;
    if (line.name == "Allow") return;
    assign_value(line);
  }

  /// Other units: systemd.unit(5). An empty value takes nothing back.
  void take_dependency(const Assignment& line, Dependency kind) {
    const auto words = split_words(line.value);
    if (!words) return error(line.locate(), words.error());
    bool any = words->empty();
    for (const std::string& word : *words) {
      auto name = expanded(word);
      if (!name) return error(line.locate(), std::move(name.error()));
      const auto service = is_service_name(*name);
      if (!service) return error(line.locate(), line.name + "=: " + service.error());
      any = any || *service;
      add_dependency(unit_.settings.dependencies, kind, *name);
    }
    const Directive done{line.name, Fate::Done, ""};
    const Directive ignored{line.name, Fate::Ignored, "of units, only services are run"};
    note(line, any ? done : ignored);
  }

  void pass_over_section(const Assignment& line) {
    const std::string remark = line.at.file + ": [" + line.section + "] is for another unit";
    if (is_one_of(unit_.remarks, remark)) return;
    unit_.remarks.push_back(remark);
  }

  void note(const Assignment& line, const Directive& directive) {
    Fate fate = directive.fate;
    std::string reason(directive.reason);
    bool stops = fate == Fate::Refused;
    if (stops && asks_for_nothing(line.name, line.value)) {
      stops = false;
      fate = Fate::Ignored;
      reason = "it asks for nothing here";
    } else if (stops && line.value.starts_with('-') && is_one_of(kSecurityLabels, line.name)) {
      stops = false;
      fate = Fate::Ignored;
      reason += ", and '-' lets it be missing";
    }
    const bool allowed = stops && allow_.contains(line.name);
    const auto told = std::ranges::find(unit_.notes, line.name, &UnitNote::name);
    if (told == unit_.notes.end()) {
      unit_.notes.push_back({line.at, line.section, line.name, fate, reason, allowed});
    } else if (told->fate == Fate::Ignored && (stops || fate == Fate::Done)) {
      *told = {line.at, line.section, line.name, fate, reason, allowed};
    }
    if (!stops || allowed) return;
    error(line.at, line.name + "=: " + reason +
                       "; to start the unit without it, say --allow=" + line.name +
                       " or Allow=" + line.name + " in [X-Gatevisor]");
  }

  /// One word or value with its specifiers replaced.
  Parsed<std::string> expanded(std::string_view text) const {
    return expand_specifiers(text, name_, values_);
  }

  /// nullptr: it holds none.
  std::vector<Command>* commands_of(std::string_view name) {
    if (name == setting_of(HookKind::Alarm)) return &unit_.settings.hooks.alarm;
    if (name == setting_of(HookKind::OutOfMemory)) return &unit_.settings.hooks.out_of_memory;
    const auto kind = std::ranges::find(kCommands, name, &Choice<CommandKind>::name);
    return kind == kCommands.end() ? nullptr : &unit_.settings.commands.of(kind->value);
  }

  /// False where it is none.
  bool take_commands(const Assignment& line) {
    std::vector<Command>* const all = commands_of(line.name);
    if (all == nullptr) return false;
    if (line.value.empty()) {
      all->clear();
      return true;
    }
    auto commands =
        parse_command_line(line.value, [this](std::string_view word) { return expanded(word); });
    if (!commands) {
      error(line.locate(commands.error().offset), std::move(commands.error().message));
      return true;
    }
    for (ParsedCommand& command : *commands) {
      if (line.name == "ExecStart") main_at_.push_back(line.locate(command.offset));
      all->push_back(to_command(std::move(command)));
    }
    return true;
  }

  /// False where it is none.
  bool take_condition(const Assignment& line) {
    const auto name = condition_name(line.name);
    if (!name) return false;
    auto& all = unit_.settings.conditions;
    if (line.value.empty()) {
      // systemd.unit(5): the whole list of conditions, of any kind; assertions are another list.
      std::erase_if(all, [&](const Condition& each) { return each.assertion == name->assertion; });
      return true;
    }
    auto condition = parse_condition(*name, line.value,
                                     [this](std::string_view text) { return expanded(text); });
    if (!condition) {
      error(line.locate(), std::move(condition.error()));
      return true;
    }
    condition->text = to_string(line.at) + ": " + line.name + "=" + printable(line.value);
    all.push_back(std::move(*condition));
    return true;
  }

  void assign_value(const Assignment& line) {
    std::string value = line.value;
    const auto old = std::ranges::find(kOldNames, line.name, &OldName::old);
    const std::string_view name = old != kOldNames.end() ? old->name : std::string_view(line.name);
    if (std::ranges::find(kWithSpecifiers, name) != kWithSpecifiers.end()) {
      auto text = expanded(value);
      if (!text) return error(line.locate(), std::move(text.error()));
      value = std::move(*text);
    }
    if (line.name == "SetCredential") {
      // systemd expands them in the name alone.
      const std::size_t colon = std::min(value.find(':'), value.size());
      auto id = expanded(value.substr(0, colon));
      if (!id) return error(line.locate(), std::move(id.error()));
      value = *id + value.substr(colon);
    }
    if (line.name == "Description") {
      unit_.description = std::move(value);
      return;
    }
    if (line.name == "PassEnvironment") return pass_environment(line, value);
    if (line.name == "Documentation") return add_documentation(line, value);
    if (line.name == "PermissionsStartOnly") return set_start_only(line, value);
    if (line.name == "Type" && is_bus_type(line, value)) return;
    if (line.name == "OOMPolicy") oom_policy_given_ = !value.empty();
    if (line.name == "PIDFile") unit_.settings.writes_pid_file = line.section == "X-Gatevisor";
    if (auto done = assign(unit_.settings, name, value); !done) {
      error(line.locate(), line.name + "=: " + done.error().advice);
    }
  }

  /// Told at the end: a later file may say another type.
  bool is_bus_type(const Assignment& line, std::string_view value) {
    type_given_ = true;
    bus_type_at_.reset();
    if (value == "dbus") bus_type_at_ = line.locate();
    return value == "dbus";
  }

  void set_start_only(const Assignment& line, std::string_view value) {
    const auto yes = parse_boolean(value);
    if (!yes) return error(line.locate(), "PermissionsStartOnly=: " + yes.error());
    start_only_ = *yes;
  }

  /// What systemd makes of it: all but ExecStart= are as with '+'.
  void apply_start_only() {
    for (const auto& [name, kind] : kCommands) {
      if (kind == CommandKind::Main) continue;
      for (Command& command : unit_.settings.commands.of(kind)) {
        command.privilege = Privilege::Full;
      }
    }
  }

  void pass_environment(const Assignment& line, const std::string& value) {
    const auto names = split_words(value);
    if (!names) return error(line.locate(), names.error());
    if (!std::ranges::all_of(*names, is_variable_name)) {
      return error(line.locate(), "PassEnvironment=: expected names of variables");
    }
    auto& all = unit_.settings.exec.pass_environment;
    if (names->empty()) all.clear();
    all.insert(all.end(), names->begin(), names->end());
  }

  void add_documentation(const Assignment& line, const std::string& value) {
    const auto words = split_words(value);
    if (!words) return error(line.locate(), words.error());
    if (words->empty()) unit_.documentation.clear();
    unit_.documentation.insert(unit_.documentation.end(), words->begin(), words->end());
  }

  void check_whole(std::span<const UnitText> texts) {
    const Location start{first_file(texts), 1, 1};
    if (name_.is_template()) {
      return error(start, "a template: name an instance, such as " + name_.prefix + "@x.service");
    }
    if (start_only_) apply_start_only();
    // As systemd: what is done for memory in cgroups of its own is the service's business.
    if (unit_.settings.resources.delegate && !oom_policy_given_) {
      unit_.settings.memory.oom_policy = OomPolicy::Continue;
    }
    // systemd.service(5), Type=: with BusName= it is dbus where nothing else is said.
    if (!type_given_) bus_type_at_ = bus_name_at_;
    if (bus_type_at_) {
      error(*bus_type_at_, "Type=: there is no message bus here; give another Type= in a drop-in");
    }
    const std::vector<Command>& main = unit_.settings.commands.main;
    const LifeSettings& life = unit_.settings.life;
    if (main.empty() && !type_given_) unit_.settings.life.type = ServiceType::Oneshot;
    if (main.empty() && !may_have_no_command(unit_.settings)) {
      // Behind another error it may be the one that was meant.
      if (unit_.errors.empty()) {
        error(start, "expected ExecStart= in [Service]; only Type=oneshot with RemainAfterExit=yes and "
                     "ExecStop= may go without");
      }
      return;
    }
    if (main.size() > 1 && life.type != ServiceType::Oneshot) {
      return error(main_at_[main_at_.size() - main.size() + 1],
                   "expected one command: only Type=oneshot may have more");
    }
    if (life.type == ServiceType::Oneshot) check_oneshot(start);
    // Of Type=forking it is the command that may fail, not the main process that it leaves.
    if (main.size() == 1 && main.front().ignore_failure && life.type != ServiceType::Forking) {
      unit_.settings.success.codes.set();
      unit_.settings.success.signals.set();
    }
    if (auto valid = validate(unit_.settings); !valid) error(start, to_string(valid.error()));
  }

  /// What systemd refuses: it would never come to an end.
  void check_oneshot(const Location& start) {
    const RestartSettings& restart = unit_.settings.restart;
    const auto refuse = [&](const char* what) {
      error(start, std::string(what) + " is not for Type=oneshot; systemd refuses it too");
    };
    if (restart.mode == RestartMode::Always) refuse("Restart=always");
    if (restart.mode == RestartMode::OnSuccess) refuse("Restart=on-success");
    if (restart.force != ExitStatusSet{}) refuse("RestartForceExitStatus=");
    if (unit_.settings.life.exit_type == ExitType::Cgroup) refuse("ExitType=cgroup");
  }

  static std::string first_file(std::span<const UnitText> texts) {
    for (const UnitText& text : texts) {
      if (!text.assignments.empty()) return text.assignments.front().at.file;
    }
    return {};
  }

  const UnitName& name_;
  const SpecifierValues& values_;
  std::set<std::string> allow_;
  LoadedUnit unit_;
  std::vector<Location> main_at_;  ///< of each ExecStart= command so far
  bool start_only_ = false;        ///< PermissionsStartOnly=
  bool type_given_ = false;
  bool oom_policy_given_ = false;
  std::optional<Location> bus_type_at_;  ///< of Type=dbus, where it is the last Type=
  std::optional<Location> bus_name_at_;
};

}  // namespace

ServiceSettings unit_defaults() {
  using std::chrono::seconds;
  ServiceSettings settings;
  settings.writes_pid_file = false;
  settings.exec.inherit_environment = false;
  settings.exec.working_directory = "/";
  settings.exec.ignore_sigpipe = true;
  settings.life.type = ServiceType::Simple;
  settings.restart.retries_exec_failure = true;
  // systemd-system.conf(5): DefaultStartLimitIntervalSec=, DefaultStartLimitBurst=.
  settings.start_limit = {5, seconds{10}};
  settings.alarm = {5, seconds{60}};
  settings.forward = default_forwarded();
  return settings;
}

LoadedUnit load_unit(const UnitName& name, std::span<const UnitText> texts,
                     const SpecifierValues& values, std::set<std::string> allow) {
  return Loader(name, values, std::move(allow)).load(texts);
}

bool asks_for_nothing(std::string_view name, std::string_view value) {
  if (value.empty()) return true;
  if (name == "DevicePolicy") return value == "auto";
  constexpr std::array<std::string_view, 2> kSwitches = {"DynamicUser", "RootDirectoryStartOnly"};
  if (!is_one_of(kSwitches, name)) return false;
  const auto yes = parse_boolean(value);
  return yes && !*yes;
}

}  // namespace gatevisor::config
