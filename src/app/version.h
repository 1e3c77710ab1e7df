// Which gatevisor this is.
#pragma once

namespace gatevisor::app {

const char* version();  ///< '0.1.0'

}  // namespace gatevisor::app
