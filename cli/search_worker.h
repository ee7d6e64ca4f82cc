// A worker of a search: makes trials in the search's folder until the search is at its end, and
// tells the store what comes of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "search/settings.h"
#include "search/store/store.h"

namespace tinyformer {

/// Where a worker works, and how.
struct SearchWork {
  std::string folder;  // of the search
  std::string data;    // the data set as this machine has it
  int threads = 0;     // of training; 0: one a core
  int64_t lease_ms = 120'000;
  bool keep_bytes = false;  // as in TrialFiles
};

/// What to tell a worker whose build differs from those that `joined` before; empty when none does.
/// `joining`: the detail of its own event.
std::string OtherBuildWarning(const std::vector<Event>& events, const Json& joining);

/// Works until the search is at its end; `changed` is called after every trial and while it waits.
/// Events: `joined` (threads, version, commit), `left` (why: done, interrupted, or the error).
///
/// Errors  cli/train-missing, search/files-elsewhere, those of RunWorker; Interrupted
void WorkAtSearch(Store* store, const Study& study, const SearchSettings& settings,
                  const SearchWork& work, const std::function<void()>& changed);

}  // namespace tinyformer
