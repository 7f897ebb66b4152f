#include "bus/loop.h"
