// A journal that gatevisor has written, as journalctl reads it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gatevisor.h"

namespace gatevisor::testing {

/// What a command writes; it has to succeed.
std::string output_of(const std::string& command);

/// What journalctl reads, in its order.
std::vector<nlohmann::json> entries(const std::string& directory, const std::string& matches = "");

/// MESSAGE=, which is an array of numbers where it is no text.
std::string message_of(const nlohmann::json& entry);

/// A shell that keeps a journal in `files`, and shows its output nowhere else.
Launch shell(const TempDir& files, const std::string& script,
             std::vector<std::string> properties = {"Restart=no"});
/// What journalctl says of the outputs in there, a line each.
std::string lines_of(const TempDir& files, const std::string& more = "");
/// 'line 1' to 'line N', as `seq -f 'line %.0f'` writes them.
std::string numbered(int last);

/// A small tmpfs at the journal's directory. `size`: as mount(8) has it, 'size=120m'.
class SmallDisk {
 public:
  SmallDisk(const TempDir& files, const char* size);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  std::string directory_;
};

/// gatevisor's child that writes the journal, waited for; 0: there is none.
int writer_of(int gatevisor);

/// Ends that many writers of a gatevisor, one after the other, each somewhere in its work.
void kill_writers(int gatevisor, int kills);

/// Some time, by work.
void spin(unsigned rounds);

}  // namespace gatevisor::testing
