#include "os/signals.h"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>

namespace gatevisor::os {

Expected<Signals> Signals::take() {
  for (int signal = 1; signal <= 64; ++signal) {
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);  // EINVAL for SIGKILL, SIGSTOP and libc's own
  }
  sigset_t mask;
  sigfillset(&mask);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
    sigdelset(&mask, fault);
  }
  if (sigprocmask(SIG_SETMASK, &mask, nullptr) != 0) return fail("sigprocmask", "", errno);
  // Nobody reads this one: it stays blocked, and a write to a closed pipe is EPIPE.
  sigdelset(&mask, SIGPIPE);
  Signals signals;
  signals.fd_.reset(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_) return fail("signalfd", "", errno);
  return signals;
}

std::optional<event::SignalReceived> Signals::next() {
  signalfd_siginfo info{};
  if (read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  const int signal = static_cast<int>(info.ssi_signo);
  return event::SignalReceived{
      signal,
      {signal_name(signal), static_cast<int>(info.ssi_pid), static_cast<int>(info.ssi_uid)}};
}

}  // namespace gatevisor::os
