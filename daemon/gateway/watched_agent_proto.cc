#include "daemon/gateway/watched_agent_proto.h"

#include "daemon/wire/proto_reader.h"
#include "daemon/wire/time_proto.h"
#include "protos/squall/v1/run_service.pb.h"

namespace squall {

void WatchedAgentToProto(const AgentView& agent, v1::WatchedAgent* proto) {
  proto->set_agent_id(agent.agent_id);
  proto->set_name(agent.name);
  proto->set_state(ToProtoEnum<v1::RunState>(agent.state));
  proto->set_lost(agent.lost);
  proto->set_users(agent.users);
  proto->set_target_users(agent.target_users);
  proto->set_requests(agent.requests);
  proto->set_failures(agent.failures);
  proto->set_requests_per_second(agent.requests_per_second);
  proto->set_cpu_cores(agent.cpu_cores);
  NanosToProto(agent.loop_lag_p99, proto->mutable_loop_lag_p99());
}

AgentView WatchedAgentFromProto(const v1::WatchedAgent& proto) {
  AgentView agent;
  agent.agent_id = proto.agent_id();
  agent.name = proto.name();
  if (proto.state() > 0 && proto.state() <= static_cast<int>(RunState::kFailed) + 1) {
    agent.state = static_cast<RunState>(proto.state() - 1);
  }
  agent.lost = proto.lost();
  agent.users = proto.users();
  agent.target_users = proto.target_users();
  agent.requests = proto.requests();
  agent.failures = proto.failures();
  agent.requests_per_second = proto.requests_per_second();
  agent.cpu_cores = proto.cpu_cores();
  agent.loop_lag_p99 = NanosFromProto(proto.loop_lag_p99()).value_or(Nanos(0));
  return agent;
}

}  // namespace squall
