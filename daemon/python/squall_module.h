// The module `_squall`: what Python code of ours asks of the engine, the statistics and the HTTP
// client. User code has no business with it.
#pragma once

namespace squall {

class Lane;

// Makes `import _squall` work; before the interpreter is made.
bool RegisterSquallModule();
// What its functions work on; outlives all Python code.
void set_lane(Lane* lane);

}  // namespace squall
