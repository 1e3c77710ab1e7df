// The only file that includes CLI11.

#include "app/cli.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>

#include "app/exit_code.h"
#include "app/version.h"
#include "config/properties.h"

namespace gatevisor::app {
namespace {

std::string settings_help() {
  std::string text = "Settings for -p, with the meaning that systemd gives them";
  text += " (those marked * are gatevisor's own):\n";
  for (const config::Property& property : config::properties()) {
    std::string left = "  " + std::string(property.name) + (property.ours ? "*" : "") + "=" +
                       std::string(property.form);
    left.resize(std::max<std::size_t>(left.size() + 1, 44), ' ');
    text += left + std::string(property.help) + "\n";
  }
  return text;
}

int complain(const std::string& what) {
  std::fprintf(stderr, "gatevisor: %s; see 'gatevisor --help'\n", what.c_str());
  return kUsage;
}

/// CLI11's value of a flag without one.
constexpr const char* kGiven = "true";

/// Each is kept whole until all are shown.
constexpr unsigned kMostDeaths = 1000;

/// CLI11 says what is wrong in several lines at times; an error is one line here.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Its command line is journalctl's, which getopt(3) reads.
Subcommand parse_log(int argc, char** argv) {
  auto parsed = parse_log_options(argc, argv);
  if (auto* options = std::get_if<LogOptions>(&parsed)) return std::move(*options);
  const LogRefusal& refusal = std::get<LogRefusal>(parsed);
  if (refusal.help) {
    std::fputs(kLogHelp, stdout);
    return Answered{kOk};
  }
  std::fprintf(stderr, "gatevisor: log: %s; see 'gatevisor log --help'\n",
               refusal.complaint.c_str());
  return Answered{kUsage};
}

/// What why and history have in common.
void add_told(CLI::App* command, ToldOptions& options) {
  command->add_option("UNIT", options.unit, "Of this unit; else of all")->type_name("");
  command->add_flag("--json", options.json, "For programs: one object a line");
  command->add_flag("--utc", options.utc, "Times in UTC");
  CLI::Option* const directory =
      command->add_option("-D,--directory", options.directories, "The journal files in DIR")
          ->type_name("DIR")
          ->allow_extra_args(false);
  command->add_option("-i,--file", options.files, "These journal files")
      ->type_name("PATTERN")
      ->allow_extra_args(false)
      ->excludes(directory);
}

std::optional<ConsoleMode> console_mode(std::string_view word) {
  if (word == "pass") return ConsoleMode::Pass;
  if (word == "prefix") return ConsoleMode::Prefix;
  if (word == "json") return ConsoleMode::Json;
  if (word == "none") return ConsoleMode::None;
  return std::nullopt;
}

std::string verb_help(Verb verb) {
  switch (verb) {
    case Verb::Start: return "Start units; each waits for what is ordered before it";
    case Verb::Stop: return "Stop units; the main unit's stop is gatevisor's end";
    case Verb::Restart: return "Stop units and start them again";
    case Verb::Reload: return "Have units read their configuration again (ExecReload=)";
    case Verb::Kill: return "Send a signal to a unit's processes";
    case Verb::ResetFailed: return "Forget a failure, and the starts that are counted";
  }
  return "";
}

/// What all have that ask a gatevisor which runs.
void add_control(CLI::App* command, std::vector<std::string>& units, std::string& socket) {
  command->add_option("UNIT", units, "Of these units; else the main one")->type_name("");
  command->add_option("--socket", socket, "Of the gatevisor that listens there")
      ->type_name("PATH")
      ->take_last();
}

/// 'SIGTERM', 'TERM' or '15'; 0: there is none.
int signal_of(const std::string& text) {
  const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (number) return text.size() <= 2 && std::stoi(text) <= 64 ? std::stoi(text) : 0;
  return signal_from_name(text.starts_with("SIG") ? text : "SIG" + text);
}

Subcommand checked(CommandOptions control, const std::string& signal, const std::string& whom) {
  control.signal = signal_of(signal);
  if (control.signal == 0) {
    return Answered{complain("kill: --signal=" + signal + ": there is no such signal")};
  }
  const auto known = kill_whom_from_name(whom);
  if (!known) {
    return Answered{complain("kill: --kill-whom=" + whom + ": expected all, main or control")};
  }
  control.whom = *known;
  return control;
}

}  // namespace

Subcommand parse_command_line(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "log") return parse_log(argc - 1, argv + 1);
  CLI::App app{"Keeps a gateway alive inside a container, and says with evidence why it died."};
  app.name("gatevisor");
  app.set_version_flag("--version", std::string("gatevisor ") + version());
  app.require_subcommand(0, 1);
  app.failure_message(CLI::FailureMessage::simple);

  RunOptions run;
  std::string format = "text";
  std::string console = "pass";
  CLI::App* run_command = app.add_subcommand(
      "run",
      "Run the services of unit files, or a command, and keep them alive: run [OPTIONS] "
      "UNIT.service [UNIT.service...], or run [OPTIONS] -- COMMAND [ARG...]");
  run_command->add_option("UNIT", run.units, "A unit file: its path, or its name as for systemctl")
      ->type_name("");
  CLI::Option* const main_unit =
      run_command
          ->add_option("--main", run.main, "The unit whose end is gatevisor's own; else the first")
          ->type_name("UNIT")
          ->take_last();
  run_command->add_flag("--keep-running", run.keep_running,
                        "Go on without the main unit, until a signal ends it");
  run_command->add_option("--allow", run.allow, "Start the unit without this directive of it")
      ->type_name("DIRECTIVE")
      ->allow_extra_args(false);
  CLI::Option* const name =
      run_command->add_option("--name", run.name, "Name of the unit; its slice is NAME.slice")
          ->take_last()
          ->capture_default_str();
  run_command->add_option("-p,--property", run.properties, "A setting, as for systemd-run")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  run_command->add_option("--log-format", format, "How gatevisor's own records are written")
      ->type_name("text|json")
      ->take_last()
      ->capture_default_str();
  run_command
      ->add_option("--journal-dir", run.journal_directory,
                   "Where the gateway's output and gatevisor's records are kept, for journalctl -D DIR")
      ->type_name("DIR")
      ->take_last();
  CLI::Option* const console_option =
      run_command
          ->add_option("--console", console, "How output that goes to the journal is shown as well")
          ->type_name("pass|prefix|json|none")
          ->take_last()
          ->capture_default_str();
  // A flag's value has to come with '=': it takes no unit that stands behind it.
  run_command->add_flag("--journal-socket", run.journal_socket,
                        "Listen for sd_journal_send(3) at /run/systemd/journal/socket, or =PATH");
  run_command->add_flag("--syslog-socket", run.syslog_socket,
                        "Listen for syslog(3) at /dev/log, or =PATH");
  run_command
      ->add_option("--termination-log", run.termination_log,
                   "A file that gets the last verdict when gatevisor ends (/dev/termination-log)")
      ->type_name("FILE")
      ->take_last();
  run_command
      ->add_option("--socket", run.socket,
                   "The control socket, for status, start, stop, ...; 'none': there is none")
      ->type_name("PATH")
      ->take_last();
  run_command
      ->add_option("--control-group", run.control_group,
                   "Members of this group may see the status and the events")
      ->type_name("GROUP")
      ->take_last();
  run_command->footer(settings_help);

  VerifyOptions verify;
  CLI::App* verify_command = app.add_subcommand(
      "verify",
      "Say of unit files whether they can be started, and what becomes of each directive");
  verify_command->add_option("UNIT", verify.units, "Unit files: paths or names")
      ->type_name("")
      ->required();
  verify_command->add_option("--allow", verify.allow, "As for run")
      ->type_name("DIRECTIVE")
      ->allow_extra_args(false);

  verify_command->add_flag("--json", verify.json, "For programs");

  ShowOptions show;
  CLI::App* show_command = app.add_subcommand(
      "show", "Show the effective value of each property of units, as systemctl show does");
  show_command->add_option("UNIT", show.units, "Unit files: paths or names")
      ->type_name("")
      ->required();
  show_command
      ->add_option("-p,--property", show.properties,
                   "Only these, by systemd's names; also those without a value")
      ->type_name("NAME[,NAME...]")
      ->allow_extra_args(false);
  show_command->add_flag("-a,--all", show.all, "Also those without a value");
  show_command->add_flag("--value", show.value, "Only the values");
  show_command->add_flag("--json", show.json, "For programs");
  show_command->add_option("--set", show.settings, "A setting that comes on top, as -p of run")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  show_command->add_option("--allow", show.allow, "As for run")
      ->type_name("DIRECTIVE")
      ->allow_extra_args(false);

  DoctorOptions doctor;
  CLI::App* doctor_command = app.add_subcommand(
      "doctor", "Say what this machine allows, which verdicts that costs, and how to get them");
  doctor_command->add_flag("--json", doctor.json, "For programs");

  WhyOptions why;
  CLI::App* why_command = app.add_subcommand(
      "why", "Say of the last death why it was, with the evidence, and what to do about it");
  add_told(why_command, why);
  why_command->add_option("-n,--lines", why.count, "The last N deaths, the newest last")
      ->type_name("N")
      ->take_last()
      ->check(CLI::Range(1u, kMostDeaths));
  why_command->add_option("--invocation", why.invocation, "The death of this invocation; -1: of the life before the last")
      ->type_name("ID")
      ->take_last();

  HistoryOptions history;
  CLI::App* history_command =
      app.add_subcommand("history", "List all invocations: start, length, verdict, peak, next");
  add_told(history_command, history);
  history_command->add_option("--cause", history.causes, "Only these verdicts: oom-kill, ...")
      ->type_name("CAUSE[,CAUSE...]")
      ->delimiter(',')
      ->allow_extra_args(false);
  history_command->add_option("-S,--since", history.since, "That ended since then, as for log")
      ->type_name("TIME")
      ->take_last();
  history_command->add_option("-U,--until", history.until, "That ended until then")
      ->type_name("TIME")
      ->take_last();

  CommandOptions control;
  std::string signal = "SIGTERM";
  std::string whom = "all";
  std::vector<CLI::App*> control_commands;
  for (const Verb verb : kAllVerbs) {
    CLI::App* command = app.add_subcommand(std::string(to_string(verb)), verb_help(verb));
    add_control(command, control.units, control.socket);
    if (verb == Verb::Kill) {
      command->add_option("-s,--signal", signal, "Its name or number")
          ->type_name("SIGNAL")
          ->take_last()
          ->capture_default_str();
      command->add_option("--kill-whom", whom, "Of the unit's processes")
          ->type_name("all|main|control")
          ->take_last()
          ->capture_default_str();
    } else if (verb != Verb::ResetFailed) {
      command->add_flag("--no-block", control.no_block, "Do not wait until it is done");
    }
    if (verb == Verb::Start || verb == Verb::Restart) {
      command->add_flag("--wait", control.wait, "Wait until the unit has ended again");
    }
    control_commands.push_back(command);
  }

  StatusOptions status;
  CLI::App* status_command =
      app.add_subcommand("status", "Show the state of units, with their processes and log");
  add_control(status_command, status.units, status.socket);
  status_command->add_flag("--json", status.json, "For programs");
  status_command->add_flag("--watch", status.watch, "Show it again whenever it changes");
  status_command->add_option("-n,--lines", status.lines, "How many lines of its log")
      ->type_name("N")
      ->take_last()
      ->capture_default_str();

  IsActiveOptions active;
  CLI::App* active_command = app.add_subcommand("is-active", "Say whether units run");
  add_control(active_command, active.units, active.socket);
  active_command->add_flag("-q,--quiet", active.quiet, "Only by the exit status");

  HealthOptions health;
  CLI::App* health_command = app.add_subcommand(
      "healthcheck", "Succeed while the unit runs and answers its probes: for HEALTHCHECK");
  add_control(health_command, health.units, health.socket);

  EventsOptions events;
  CLI::App* events_command =
      app.add_subcommand("events", "Print what happens to units, one JSON object a line");
  add_control(events_command, events.units, events.socket);

  MetricsOptions metrics;
  CLI::App* metrics_command =
      app.add_subcommand("metrics", "Print figures of units, as OpenMetrics text");
  add_control(metrics_command, metrics.units, metrics.socket);
  std::string metrics_format = "openmetrics";
  metrics_command->add_option("--format", metrics_format, "prometheus: as a textfile collector reads it")
      ->type_name("openmetrics|prometheus")
      ->take_last()
      ->capture_default_str();

  ExporterOptions exporter;
  CLI::App* exporter_command =
      app.add_subcommand("exporter", "Serve the figures of units over HTTP, for Prometheus");
  add_control(exporter_command, exporter.units, exporter.socket);
  exporter_command->add_option("--listen", exporter.listen, "Where: http://ADDRESS:PORT/metrics")
      ->type_name("ADDRESS:PORT")
      ->take_last()
      ->required();

  app.add_subcommand("log", "Show what is in journal files: journalctl's options and output");

  // Everything after the first '--' is the command's own, whatever it looks like.
  char** const end = argv + argc;
  char** const dashes = std::find(argv, end, std::string_view("--"));
  if (dashes != end) run.command.assign(dashes + 1, end);
  try {
    app.parse(static_cast<int>(dashes - argv), argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return Answered{app.exit(success)};
  } catch (const CLI::ParseError& error) {
    return Answered{complain(first_line(error.what()))};
  }

  if (doctor_command->parsed()) return doctor;
  if (verify_command->parsed()) return verify;
  if (show_command->parsed()) return show;
  if (why_command->parsed()) return why;
  if (history_command->parsed()) return history;
  if (status_command->parsed()) return status;
  if (active_command->parsed()) return active;
  if (health_command->parsed()) return health;
  if (events_command->parsed()) return events;
  if (exporter_command->parsed()) return exporter;
  if (metrics_command->parsed()) {
    const bool older = metrics_format == "prometheus";
    if (!older && metrics_format != "openmetrics") {
      return Answered{complain("metrics: --format=" + metrics_format +
                               ": expected openmetrics or prometheus")};
    }
    if (older) metrics.format = report::MetricsFormat::Prometheus;
    return metrics;
  }
  for (std::size_t verb = 0; verb < control_commands.size(); ++verb) {
    if (!control_commands[verb]->parsed()) continue;
    control.verb = kAllVerbs[verb];
    return checked(std::move(control), signal, whom);
  }
  if (!run_command->parsed()) {
    std::fputs(app.help().c_str(), stderr);
    return Answered{kUsage};
  }
  if (run.units.empty() && run.command.empty()) {
    return Answered{complain("run: no command given: gatevisor run [OPTIONS] -- COMMAND [ARG...]")};
  }
  if (!run.units.empty() && !run.command.empty()) {
    return Answered{complain("run: both a unit and a command after --; give one of them")};
  }
  if (!run.units.empty() && name->count() > 0) {
    return Answered{complain("run: --name with a unit file: the file has the name")};
  }
  if (run.units.empty() && main_unit->count() > 0) {
    return Answered{complain("run: --main without a unit file: the command is all there is")};
  }
  if (format == "json") {
    run.log_format = LogFormat::Json;
  } else if (format != "text") {
    return Answered{complain("run: --log-format=" + format + ": expected text or json")};
  }
  const auto mode = console_mode(console);
  if (!mode) {
    return Answered{complain("run: --console=" + console + ": expected pass, prefix, json or none")};
  }
  if (console_option->count() > 0) run.console = *mode;
  if (run.journal_socket == kGiven) run.journal_socket = "/run/systemd/journal/socket";
  if (run.syslog_socket == kGiven) run.syslog_socket = "/dev/log";
  return run;
}

}  // namespace gatevisor::app
