// Who is measured: gatevisor and its peers, each told to keep the beacon alive without a delay.
#pragma once

#include <string>
#include <vector>

namespace gatevisor::bench {

struct Contender {
  std::string name;
  std::vector<std::string> argv;  ///< empty: not installed here
  std::string note;               ///< why not, or what the figure includes
};

struct Setup {
  std::string gatevisor;  ///< path of the program
  std::string beacon;     ///< path of the beacon
  std::string self;       ///< path of this program, for the bare loop
  std::string socket;     ///< where the beacon reports
  std::string directory;  ///< for the peers' configuration; removed at the end
};

/// The bare loop first: it is the floor. Writes the peers' configuration below `setup.directory`.
std::vector<Contender> respawners(const Setup& setup);

/// gatevisor and tini, for the time from start to the gateway's main().
std::vector<Contender> starters(const Setup& setup);

}  // namespace gatevisor::bench
