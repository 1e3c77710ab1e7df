// The tables of gatevisor.service(5), from the one table of directives.
#pragma once

#include <string>
#include <string_view>

#include "config/text.h"

namespace gatevisor::config {

/// The page: each line '@directives SECTION FATE@' of the template becomes a list in mdoc(7) of the
/// directives of that section with that fate ('done', 'refused', 'not-yet', 'ignored'), with what
/// they take and do or why they are not done. Refused: a line that asks for a list that there is
/// not, or a list that is not asked for.
Parsed<std::string> service_manual(std::string_view page);

}  // namespace gatevisor::config
