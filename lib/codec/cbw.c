#include "codec/cbw.h"
