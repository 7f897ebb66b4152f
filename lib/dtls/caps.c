#include "dtls/dtls.h"

#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <stdio.h>

static bool has_suite(uint8_t high, uint8_t low)
{
	unsigned char id[2];

	for (size_t i = 0; gnutls_cipher_suite_info(i, id, NULL, NULL, NULL, NULL); i++) {
		if (id[0] == high && id[1] == low)
			return true;
	}
	return false;
}

const struct dtls_caps *dtls_caps(void)
{
	static struct dtls_caps caps;
	void *function = dlsym(RTLD_DEFAULT, "gnutls_check_version");
	Dl_info file;

	if (caps.library[0])
		return &caps;
	caps.anon = has_suite(0xFF, 0x00);
	caps.binary_hint = dlsym(RTLD_DEFAULT, "gnutls_psk_set_server_credentials_hint2");
	if (!function || !dladdr(function, &file))
		file.dli_fname = "?";
	(void)snprintf(caps.library, sizeof(caps.library), "%s %s", gnutls_check_version(NULL),
		       file.dli_fname);
	return &caps;
}
