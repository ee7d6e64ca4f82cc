#include "cli/search_export.h"

#include "base/file.h"
#include "base/writable_file.h"
#include "search/optuna_export.h"

namespace tinyformer {

Answer ExportToOptuna(const std::string& store, const std::string& journal) {
  RequireWritableFile(journal);
  StoreOptions options;
  options.access = StoreAccess::kRead;
  const std::unique_ptr<Store> opened = OpenStore(store, options);
  const std::vector<OptunaStudy> studies = MakeOptunaStudies(
      ReadSearchRecord(opened.get()), [&](int64_t trial) { return opened->Metrics(trial); });
  WriteFileAtomic(journal, OptunaJournal(studies));
  Answer answer;
  answer.json = {{"journal", journal}, {"studies", Json::array()}};
  answer.text = journal + ":";
  for (const OptunaStudy& study : studies) {
    answer.json["studies"].push_back({{"name", study.name}, {"trials", study.trials.size()}});
    answer.text += (&study == &studies[0] ? " " : ", ") + study.name + " (" +
                   std::to_string(study.trials.size()) + " trials)";
  }
  answer.text += "\n";
  return answer;
}

}  // namespace tinyformer
