// `gatevisor metrics`: what `status` tells, for programs that collect figures.

#include "app/control_client.h"
#include "app/look.h"
#include "os/pager.h"

namespace gatevisor::app {

int metrics(const MetricsOptions& options) {
  const auto seen = look(options, "metrics");
  if (!seen) return refused(seen.error());
  os::TextOut out;
  out.text() = report::metrics_text(seen->supervisor, seen->units, options.format);
  (void)out.flush();
  if (out.error() == 0) return seen->status;
  complain_of("metrics: " + to_string(Error{"write", "standard output", out.error(), ""}));
  return kCantCreate;
}

}  // namespace gatevisor::app
