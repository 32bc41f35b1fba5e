// How long the kernel lets others run before it lets the calling thread in.
#pragma once

namespace squall {

// Asks for the shortest time slice (100 µs) for the calling thread: under Linux's EEVDF scheduler
// (6.12 and later) a thread with short slices that wakes up runs at once, where it would otherwise
// wait until the one on the CPU has had its 3 ms. It gets no more CPU time by that, and needs no
// privilege. False where the kernel does not know of it; older schedulers let a thread that wakes
// up run early by themselves.
bool AskForShortTimeSlices();

}  // namespace squall
