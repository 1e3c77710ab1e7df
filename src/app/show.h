// `gatevisor show`: the effective value of each property of a unit.
#pragma once

namespace gatevisor::app {

struct ShowOptions;

/// Exit status 0 where every unit could be read without an error; what is wrong goes to standard
/// error.
int show(const ShowOptions& options);

}  // namespace gatevisor::app
