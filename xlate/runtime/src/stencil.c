/* The generated template tables as one object: nothing is decided here. */
#include "unit.h"

#ifdef GUEST_ARM64
#include "gen/stencils_arm64.inc"
#else
#include "gen/stencils_arm32.inc"
#endif
