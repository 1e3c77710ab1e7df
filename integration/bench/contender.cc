#include "contender.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace gatevisor::bench {
namespace {

std::string find(const std::string& program) {
  std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string directory; std::getline(path, directory, ':');) {
    std::string candidate = directory + "/" + program;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

void write_file(const std::string& path, const std::string& text, unsigned mode = 0644) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
}

std::string run_script(const Setup& setup) {
  return "#!/bin/sh\nexec " + setup.beacon + " " + setup.socket + "\n";
}

Contender peer(const std::string& name, const std::string& program,
               std::vector<std::string> arguments, std::string note = {}) {
  const std::string path = find(program);
  if (path.empty()) return {name, {}, "not installed"};
  arguments.insert(arguments.begin(), path);
  return {name, std::move(arguments), std::move(note)};
}

}  // namespace

std::vector<Contender> respawners(const Setup& setup) {
  const std::string& directory = setup.directory;
  std::vector<Contender> all;
  all.push_back(
      {"bare loop", {setup.self, "--bare-loop", setup.beacon, setup.socket}, "vfork, exec, wait"});
  all.push_back(
      {"gatevisor",
       {setup.gatevisor, "run", "--name=bench", "-p", "RestartSec=0", "-p", "AlarmBurst=0", "-p",
        "User=" + std::to_string(65534), "--", setup.beacon, setup.socket},
       "with cgroup, user drop and verdict"});
  write_file(directory + "/dinit/boot",
             "type = process\ncommand = " + setup.beacon + " " + setup.socket +
                 "\nrestart = true\nsmooth-recovery = true\nrestart-delay = 0\n"
                 "restart-limit-count = 0\n");
  all.push_back(peer("dinit", "dinit",
                     {"-u", "-d", directory + "/dinit", "-p", directory + "/dinit.socket", "-q"}));
  write_file(directory + "/nitro/beacon/run", run_script(setup), 0755);
  all.push_back(peer("nitro", "nitro", {directory + "/nitro"}));
  write_file(directory + "/runit/beacon/run", run_script(setup), 0755);
  all.push_back(peer("runit", "runsv", {directory + "/runit/beacon"}));
  write_file(directory + "/s6/beacon/run", run_script(setup), 0755);
  all.push_back(peer("s6", "s6-supervise", {directory + "/s6/beacon"}));
  write_file(directory + "/supervisord.conf",
             "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=" +
                 directory + "/supervisord.pid\n[program:beacon]\ncommand=" + setup.beacon + " " +
                 setup.socket + "\nautorestart=true\nstartsecs=0\n");
  all.push_back(peer("supervisord", "supervisord", {"-c", directory + "/supervisord.conf"}));
  return all;
}

std::vector<Contender> starters(const Setup& setup) {
  return {
      peer("tini", "tini", {"-s", "--", setup.beacon, setup.socket}),
      {"gatevisor", {setup.gatevisor, "run", "--name=bench", "--", setup.beacon, setup.socket}, ""},
  };
}

}  // namespace gatevisor::bench
