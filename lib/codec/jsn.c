#include "codec/jsn.h"
