#include "codec/cbr.h"
