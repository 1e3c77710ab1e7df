// A journal that gatevisor has written, as journalctl reads it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gatevisor::testing {

/// What a command writes; it has to succeed.
std::string output_of(const std::string& command);

/// What journalctl reads, in its order.
std::vector<nlohmann::json> entries(const std::string& directory, const std::string& matches = "");

/// MESSAGE=, which is an array of numbers where it is no text.
std::string message_of(const nlohmann::json& entry);

/// gatevisor's child that writes the journal; 0: there is none now.
int writer_of(int gatevisor);

/// Some time, by work.
void spin(unsigned rounds);

}  // namespace gatevisor::testing
