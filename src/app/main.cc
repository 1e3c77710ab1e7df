// gatevisor: the program.

#include <cstdio>
#include <exception>

#include "app/cli.h"
#include "app/control_commands.h"
#include "app/doctor.h"
#include "app/exit_code.h"
#include "app/log.h"
#include "app/run.h"
#include "app/show.h"
#include "app/verify.h"
#include "app/why.h"
#include "os/file.h"

int main(int argc, char** argv) {
  using namespace gatevisor::app;
  gatevisor::os::hold_standard_descriptors();
  try {
    const Subcommand command = parse_command_line(argc, argv);
    if (const auto* options = std::get_if<RunOptions>(&command)) return run(*options);
    if (const auto* options = std::get_if<VerifyOptions>(&command)) return verify(*options);
    if (const auto* options = std::get_if<ShowOptions>(&command)) return show(*options);
    if (const auto* options = std::get_if<DoctorOptions>(&command)) return doctor(*options);
    if (const auto* options = std::get_if<LogOptions>(&command)) return log(*options);
    if (const auto* options = std::get_if<WhyOptions>(&command)) return why(*options);
    if (const auto* options = std::get_if<HistoryOptions>(&command)) return history(*options);
    if (const auto* options = std::get_if<CommandOptions>(&command)) return control(*options);
    if (const auto* options = std::get_if<StatusOptions>(&command)) return status(*options);
    if (const auto* options = std::get_if<IsActiveOptions>(&command)) return is_active(*options);
    if (const auto* options = std::get_if<HealthOptions>(&command)) return health(*options);
    if (const auto* options = std::get_if<EventsOptions>(&command)) return events(*options);
    if (const auto* options = std::get_if<MetricsOptions>(&command)) return metrics(*options);
    if (const auto* options = std::get_if<ExporterOptions>(&command)) return exporter(*options);
    return std::get<Answered>(command).status;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gatevisor: %s\n", error.what());
    return kSoftware;
  }
}
