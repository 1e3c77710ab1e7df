#include "app/version.h"

namespace gatevisor::app {

const char* version() { return GATEVISOR_VERSION; }

}  // namespace gatevisor::app
