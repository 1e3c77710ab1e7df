// gatevisor's own exit statuses, where no gateway has run.
//
// sysexits.h(3) for what the command line got wrong; systemd.exec(5) 'Process Exit Codes' for what
// could not be set up, as the same mistake gives under systemd.
#pragma once

namespace gatevisor::app {

enum ExitCode : int {
  kOk = 0,
  kIncomplete = 1,    ///< doctor: some verdicts cannot be had here; log: -g found nothing, or
                      ///< --verify found damage
  kNotRunning = 3,    ///< status, is-active: it does not run; systemctl's, as the next two
  kNoSuch = 4,        ///< why, history: no journal, unit or invocation; status: no unit
  kNotPermitted = 4,  ///< start and its like
  kNotInstalled = 5,  ///< start and its like: no such unit
  kDiedProgram = 10,  ///< why: the classes of core/advice.h
  kDiedMemory = 11,
  kDiedStart = 12,
  kDiedLimit = 13,
  kUsage = 64,          ///< EX_USAGE: an unknown option, setting or value
  kNoInput = 66,        ///< EX_NOINPUT: a file that was named is not there
  kSoftware = 70,       ///< EX_SOFTWARE
  kOsError = 71,        ///< EX_OSERR: the kernel refused what nothing works without
  kCantCreate = 73,     ///< EX_CANTCREAT: the journal's directory; log: its output
  kConfig = 78,         ///< EX_CONFIG: a unit file that cannot be started
  kExec = 203,          ///< EXIT_EXEC: the command is not there
  kGroup = 216,         ///< EXIT_GROUP
  kUser = 217,          ///< EXIT_USER
  kCapabilities = 218,  ///< EXIT_CAPABILITIES
  kCgroup = 219,        ///< EXIT_CGROUP: a limit that cannot be set
  kNamespace = 226,     ///< EXIT_NAMESPACE: no place for PrivateTmp=
  kSeccomp = 228,       ///< EXIT_SECCOMP: a filter that cannot be made here
};

}  // namespace gatevisor::app
