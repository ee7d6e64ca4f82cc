#include "base/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include "base/error.h"

namespace tinyformer {
namespace {

volatile std::sig_atomic_t g_requested = 0;
std::atomic<int> g_holders = 0;

void OnSignal(int signal) {
  if (g_requested != 0 && signal == SIGINT) ::_exit(130);
  g_requested = 1;
}

}  // namespace

void CatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // Under nohup it stays ignored.
  struct sigaction hangup {};
  ::sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);
  // A file that would exceed its limit is a failed write, not the end.
  ::signal(SIGXFSZ, SIG_IGN);
}

bool InterruptRequested() { return g_requested != 0 && g_holders == 0; }

void ThrowIfInterrupted() {
  if (InterruptRequested()) throw Interrupted();
}

HoldInterrupts::HoldInterrupts() { ++g_holders; }
HoldInterrupts::~HoldInterrupts() { --g_holders; }

}  // namespace tinyformer
