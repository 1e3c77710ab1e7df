// `gatevisor why` and `gatevisor history`: what the records say of deaths. Files only: no
// supervisor need be there.
#pragma once

#include "app/told.h"

namespace gatevisor::app {

struct WhyOptions : ToldOptions {
  unsigned count = 1;  ///< of the last deaths
  std::string invocation;  ///< 32 hexadecimal digits, or an offset: -1 is the life before the last
};

struct HistoryOptions : ToldOptions {
  std::vector<std::string> causes;  ///< by name
  std::string since;                ///< of the end, as for log
  std::string until;
};

/// The status tells the class of the last death that it shows (exit_code.h).
int why(const WhyOptions& options);
int history(const HistoryOptions& options);

}  // namespace gatevisor::app
