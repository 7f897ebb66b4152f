#include "codec/conf.h"
