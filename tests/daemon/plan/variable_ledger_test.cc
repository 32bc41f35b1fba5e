#include "daemon/plan/variable_ledger.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

class VariableLedgerTest : public testing::Test {
 protected:
  void Read(const std::string& name, VariableLedger::Use use = VariableLedger::Use::kValue) {
    variables_.Read(name, {&node_, "here"}, use);
  }
  std::string Errors(const std::vector<std::string>& data_names = {}) {
    std::vector<DataSet> data;
    for (const std::string& name : data_names) {
      data.push_back({.name = name});
    }
    variables_.Check(data, &problems_);
    std::string text;
    for (const PlanError& error : problems_.TakeErrors(20)) {
      text += error.message + "\n";
    }
    return text;
  }

  YamlNode node_;
  VariableLedger variables_;
  Problems problems_{{"plan.yaml"}};
};

TEST_F(VariableLedgerTest, WhatAClassSetsItMayRead) {
  variables_.EnterClass(0);
  Read("product.name");
  variables_.Set("product", VariableScope::kUser);
  EXPECT_EQ(Errors(), "");
}

TEST_F(VariableLedgerTest, AnotherClassSeesOnlySharedVariables) {
  variables_.EnterClass(0);
  variables_.Set("mine", VariableScope::kUser);
  variables_.Set("ours", VariableScope::kShared);
  variables_.EnterClass(1);
  Read("mine");
  Read("ours");
  EXPECT_EQ(Errors(), "must read variables that a step of this class sets, got 'mine'\n");
}

TEST_F(VariableLedgerTest, MisspelledNamesAreReportedOnceWithASuggestion) {
  variables_.EnterClass(0);
  variables_.Set("product", VariableScope::kUser);
  Read("produkt.name");
  Read("produkt.price");
  EXPECT_EQ(Errors(),
            "must read variables that a step of this class sets, got 'produkt'; did you "
            "mean 'product'?\n");
}

TEST_F(VariableLedgerTest, TestDataIsPickedFromAndNotReadDirectly) {
  variables_.EnterClass(0);
  Read("words", VariableLedger::Use::kSource);
  EXPECT_EQ(Errors({"words"}), "");
  Read("words");
  EXPECT_EQ(Errors({"words"}),
            "must read a variable, got the test data 'words'; take a row first: "
            "pick: {from: words, as: row}\n");
  Read("wrods", VariableLedger::Use::kSource);
  EXPECT_NE(Errors({"words"}).find("did you mean 'words'?"), std::string::npos);
}

TEST_F(VariableLedgerTest, WhatMayBeMissingIsOnlyWarnedAbout) {
  variables_.EnterClass(0);
  Read("nobody", VariableLedger::Use::kMaybe);
  EXPECT_EQ(Errors(), "");
  EXPECT_EQ(problems_.TakeWarnings().size(), 1U);
}

TEST_F(VariableLedgerTest, WhatStandsOutsideTheClassesMayReadAnyVariable) {
  Read("token");
  variables_.EnterClass(0);
  variables_.Set("token", VariableScope::kUser);
  EXPECT_EQ(Errors(), "");
}

}  // namespace
}  // namespace squall
