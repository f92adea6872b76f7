/* The generated template tables as one object: nothing is decided here. */
#include "unit.h"

#include "gen/stencils_arm32.inc"
