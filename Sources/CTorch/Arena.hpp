#pragma once

namespace ctorch {

/// Lets large tensors come from memory of their own, where the system is one that gains by it.
void install_arena();

}  // namespace ctorch
