// The store in PostgreSQL: a server of the test's own, lost and found again.
#include <gmock/gmock.h>

#include <thread>

#include "search/store/testing/postgres_server.h"
#include "search/store/testing/store_cases.h"

namespace tinyformer {
namespace {

using testing::HasSubstr;
using testing::Not;

// One for all tests: starting it takes seconds.
PostgresServer& Server() {
  static PostgresServer server;
  return server;
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreTest,
                         testing::Values(StorePlace{
                             "postgresql",
                             [](const StoreFolder&) { return Server().EmptyDatabase(); }}),
                         [](const auto& place) { return place.param.kind; });

TEST(StorePostgres, ABrokenConnectionIsMadeAnew) {
  const std::string url = Server().EmptyDatabase();
  auto store = OpenStore(url);
  int64_t study = store->OpenStudy("cifar", {}, "f").id;
  store->AddTrials(study, {{"candidate", 0, {}}});
  Server().Run(url,
               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
               "WHERE application_name = 'tinyformer'");
  auto claimed = store->Claim(study, {"w1", {"candidate"}});
  ASSERT_TRUE(claimed.has_value());
  EXPECT_EQ(claimed->trial.losses, 0);
  EXPECT_TRUE(store->Complete(claimed->lease, {}));
}

TEST(StorePostgres, AServerThatComesBackInTimeIsWaitedFor) {
  std::vector<std::string> said;
  auto on_wait = [&](const std::string& text) {
    said.push_back(text);
    Server().Start();
  };
  auto store = OpenStore(Server().EmptyDatabase(), {.on_wait = on_wait});
  int64_t study = store->OpenStudy("cifar", {}, "f").id;
  Server().Crash();
  EXPECT_EQ(store->OpenStudy("cifar", {}, "f").id, study);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], HasSubstr("lost the connection to " + store->name()));
}

TEST(StorePostgres, AServerThatStaysAwayIsAnError) {
  auto store = OpenStore(Server().EmptyDatabase(), {.patience_ms = 150});
  Server().Crash();
  const std::string text = ErrorText([&] { store->Studies(); });
  Server().Start();
  EXPECT_THAT(text, HasSubstr("error[store/connection] postgresql://tester"));
  EXPECT_THAT(text, HasSubstr("\n  expected: a PostgreSQL server that lets us in\n  found:    "));
  EXPECT_THAT(text, HasSubstr("No such file or directory"));
  EXPECT_THAT(text, HasSubstr("\n  fix:      check that it runs, and host, port, user and "
                              "database; a password belongs into ~/.pgpass"));
}

TEST(StorePostgres, WorkersGoOnThroughCrashesOfTheServer) {
  const std::string url = Server().EmptyDatabase();
  auto store = OpenStore(url);
  const int64_t study = store->OpenStudy("cifar", {}, "f").id;
  std::vector<NewTrial> trials;
  for (int64_t i = 0; i < 150; ++i) trials.push_back({"candidate", i, {}});
  store->AddTrials(study, trials);
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back([&, own = OpenStore(url), name = "w" + std::to_string(i)] {
      while (auto claimed = own->Claim(study, {name, {"candidate"}})) {
        EXPECT_TRUE(own->Complete(claimed->lease, {{"number", claimed->trial.number}}));
      }
    });
  }
  for (size_t done : {20, 60, 100}) {
    while (store->Trials(study, {.states = {TrialState::kComplete}}).size() < done) {
    }
    Server().Crash();
    Server().Start();
  }
  for (std::thread& worker : workers) worker.join();
  size_t completions = 0;
  for (const Event& event : store->Events(study)) completions += event.kind == "complete" ? 1 : 0;
  EXPECT_EQ(completions, 150u);
  for (const Trial& trial : store->Trials(study)) {
    EXPECT_EQ(trial.result, Json({{"number", trial.number}}));
    EXPECT_EQ(trial.losses, 0) << "a claim whose answer was lost is found again";
  }
}

TEST(StorePostgres, PasswordsAreInNoMessage) {
  std::string url = Server().EmptyDatabase();
  url.replace(url.find("tester"), 6, "tester:s3cr%65t");
  auto store = OpenStore(url);
  EXPECT_THAT(store->name(), Not(HasSubstr("s3cr")));
  EXPECT_THAT(store->name(), HasSubstr("postgresql://tester@/postgres"));
  for (const std::string& wrong :
       {url.replace(url.find("/postgres"), 9, "/nosuch"),
        std::string("postgresql://u:s3cret@no.such.host.invalid/db"),
        std::string("postgresql://u:s3cret@[half/db"), std::string("mysql://u:s3cret@host/db"),
        std::string("postgresql://u:x@s3cret@h/db"), std::string("postgresql://u:7/s3cret@h/db"),
        std::string("postgresql://u@h/db?password=s3cret&nonsense=s3cret")}) {
    const std::string text = ErrorText([&] { OpenStore(wrong); });
    EXPECT_THAT(text, HasSubstr("error[store/")) << wrong;
    EXPECT_THAT(text, Not(HasSubstr("s3cr"))) << wrong;
  }
}

TEST(StorePostgres, AnAddressThatCannotBeReadIsSaidWithoutIt) {
  EXPECT_EQ(ErrorText([&] { OpenStore("postgresql://u:s3cret@[half/db"); }),
            "error[store/url] --store\n  expected: postgresql://user@host:port/database"
            "\n  found:    an address that PostgreSQL's library cannot read"
            "\n  fix:      write it in this form; special characters as %XX");
}

TEST(StorePostgres, ReadingDoesNotMakeAStore) {
  const std::string url = Server().EmptyDatabase();
  const std::string text = ErrorText([&] { OpenStore(url, {.access = StoreAccess::kRead}); });
  EXPECT_THAT(text, HasSubstr("error[store/missing] postgresql://tester@/postgres"));
  EXPECT_THAT(text, HasSubstr("found:    a database without tables"));
}

TEST(StorePostgres, TablesOfOthersAreLeftAlone) {
  const std::string url = Server().EmptyDatabase();
  Server().Run(url, "CREATE TABLE studies (x INTEGER); CREATE TABLE trials (x INTEGER)");
  EXPECT_TRUE(OpenStore(url)->Studies().empty());
  Server().Run(url, "DROP TABLE studies, trials");
  EXPECT_TRUE(OpenStore(url)->Studies().empty());
}

TEST(StorePostgres, AnotherVersionIsRefused) {
  const std::string url = Server().EmptyDatabase();
  const std::string name = OpenStore(url)->name();
  Server().Run(url, "UPDATE tinyformer.tinyformer_store SET format = 2");
  EXPECT_EQ(ErrorText([&] { OpenStore(url); }),
            "error[store/other-version] " + name +
                "\n  expected: a store of format 1\n  found:    format 2"
                "\n  fix:      use the version of tinyformer that made it, or name a new store");
}

TEST(StorePostgres, WithoutRightsItIsSaid) {
  const std::string url = Server().EmptyDatabase();
  Server().Run(url, "CREATE ROLE guest LOGIN");
  std::string guest = url;
  guest.replace(guest.find("tester"), 6, "guest");
  const std::string text = ErrorText([&] { OpenStore(guest); });
  EXPECT_THAT(text, HasSubstr("error[store/permission] postgresql://guest@/postgres"));
  EXPECT_THAT(text, HasSubstr("found:    permission denied for database"));
}

TEST(StorePostgres, ChangedTablesAreSaid) {
  const std::string url = Server().EmptyDatabase();
  auto store = OpenStore(url);
  Server().Run(url, "DROP TABLE tinyformer.metrics CASCADE");
  int64_t study = store->OpenStudy("cifar", {}, "f").id;
  store->AddTrials(study, {{"candidate", 0, {}}});
  auto claimed = store->Claim(study, {"w1", {"candidate"}});
  EXPECT_EQ(ErrorText([&] {
              store->AddMetrics(claimed->lease, {{"loss", 0, 1}});
            }),
            "error[store/database] " + store->name() +
                "\n  expected: a statement that PostgreSQL takes"
                "\n  found:    relation \"metrics\" does not exist (SQLSTATE 42P01)"
                "\n  fix:      check that no other program has changed the schema tinyformer");
}

// A trigger that ends insertions of studies with this SQLSTATE, the first `times` of them.
void RaiseOnStudies(const std::string& url, const std::string& state, int times) {
  Server().Run(url,
               "SET search_path TO tinyformer; CREATE SEQUENCE tries;"
               "CREATE FUNCTION raise_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
               "IF nextval('tinyformer.tries') <= " +
                   std::to_string(times) + " THEN RAISE EXCEPTION 'so it is' USING ERRCODE = '" +
                   state +
                   "'; END IF; RETURN NEW; END $$;"
                   "CREATE TRIGGER raising BEFORE INSERT ON studies FOR EACH ROW "
                   "EXECUTE FUNCTION raise_it()");
}

TEST(StorePostgres, WhatTheServerMeetsIsSaid) {
  const struct {
    const char *state, *code, *expected, *fix;
  } cases[] = {
      {"53100", "store/disk-full", "room for what is to be written",
       "free some disk space on the server, then run the same command again: nothing is half "
       "written"},
      {"25006", "store/read-only", "a database that may be written",
       "name the server that takes writes, not its copy"},
      {"XX001", "store/corrupt", "a whole database",
       "look at the server's log, and go on from a backup"},
      {"42501", "store/permission", "the right to use the schema tinyformer",
       "let the database's owner run GRANT CREATE ON DATABASE, or let the owner make the store"},
  };
  for (const auto& one : cases) {
    const std::string url = Server().EmptyDatabase();
    auto store = OpenStore(url);
    RaiseOnStudies(url, one.state, 1);
    EXPECT_EQ(ErrorText([&] { store->OpenStudy("cifar", {}, "f"); }),
              std::string("error[") + one.code + "] " + store->name() + "\n  expected: " +
                  one.expected + "\n  found:    so it is\n  fix:      " + one.fix);
    EXPECT_TRUE(store->Studies().empty());
  }
}

TEST(StorePostgres, VictimsOfDeadlocksAreRunAgain) {
  for (const char* state : {"40001", "40P01"}) {
    const std::string url = Server().EmptyDatabase();
    auto store = OpenStore(url);
    RaiseOnStudies(url, state, 3);
    store->OpenStudy("cifar", {}, "f");
    EXPECT_EQ(store->Studies().size(), 1u);
  }
}

}  // namespace
}  // namespace tinyformer
