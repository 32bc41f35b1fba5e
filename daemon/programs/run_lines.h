// Runs, their events and their states in the words of the commands that ask a squall serve.
#pragma once

#include <string>

#include "protos/squall/v1/run_service.pb.h"

namespace squall {

std::string RunStateText(v1::RunState state);  // "running"; "waiting" before the start
std::string VerdictText(v1::Verdict verdict);  // "PASS"; "-" while there is none
std::string TimeText(const google::protobuf::Timestamp& time);  // "2026-11-25 16:45:00", or "-"

// Whole lines for a terminal: what strangers have named or said (plans, reasons to stop, warnings)
// is made printable.
std::string RunsText(const google::protobuf::RepeatedPtrField<v1::RunSummary>& runs);
std::string RunText(const v1::RunSummary& run);
std::string EventLine(const v1::RunEvent& event);

}  // namespace squall
