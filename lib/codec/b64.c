#include "codec/b64.h"
