#include "daemon/programs/script_engines.h"

#include <memory>
#include <utility>

#include "daemon/base/status_macros.h"

namespace squall {
namespace {

ScriptOrder OrderOf(const PrepareOrder& from, const Plan& applied, EngineListener listener) {
  ScriptOrder order;
  order.run_id = from.run_id;
  order.agent_id = from.agent_id;
  order.epoch = from.epoch;
  order.plan = from.plan;
  order.settings = from.settings;
  order.assignment = from.assignment;
  order.stop_timeout = applied.stop_timeout;
  order.run_time = applied.load_profile.run_time;
  order.log = std::move(listener.log);
  order.on_finished = std::move(listener.on_finished);
  return order;
}

}  // namespace

ScriptEngineMaker StartScriptEngines(ScriptEngineOptions options, const Clock* clock) {
  return [options = std::move(options), clock](
             const PrepareOrder& order, const Plan& applied,
             EngineListener listener) -> absl::StatusOr<std::unique_ptr<LoadEngine>> {
    SQUALL_ASSIGN_OR_RETURN(
        std::unique_ptr<LoadEngine> engine,
        ScriptEngine::Make(OrderOf(order, applied, std::move(listener)), options, clock));
    return engine;
  };
}

ScriptEngineMaker JoinScriptEngine(std::function<std::shared_ptr<LaneProcess>()> process,
                                   const Clock* clock) {
  return [process = std::move(process), clock](
             const PrepareOrder& order, const Plan& applied,
             EngineListener listener) -> absl::StatusOr<std::unique_ptr<LoadEngine>> {
    SQUALL_ASSIGN_OR_RETURN(
        std::unique_ptr<LoadEngine> engine,
        ScriptEngine::Join(OrderOf(order, applied, std::move(listener)), {}, process(), clock));
    return engine;
  };
}

}  // namespace squall
