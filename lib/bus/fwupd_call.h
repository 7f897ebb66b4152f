/* lib/bus/fwupd_call.h - who calls org.ocfgw.Firmware1 and with which options; for lib/bus only.
 *
 * `error` is an sd_bus_error, which has no name that could be declared here. */
#pragma once

#include "bus/fwupd_vtable.h"

struct sd_bus_message;

#define FWUPD_ERROR      FWUPD_BUS_NAME ".Error." /* and the name in camel case */
#define FWUPD_ERROR_ROOM ((size_t)128)

/* Who may call; also ocf-secd's user and members of the group ocf-admin, beside root. */
enum fwupd_caller {
	FWUPD_ROOT = 1 << 0,
	FWUPD_OWNER = 1 << 1, /* ocf-secd: speaks for the owner of the device (/oc/swu) */
	FWUPD_ADMIN = 1 << 2,
};

/* 0 and who it is. -errno: the call is refused, with policy.not-authorised unless the caller could
 * not be known. */
MUST_USE int fwupd_caller(struct sd_bus_message *m, unsigned allowed, enum fwupd_caller *ret,
			  uint32_t *ret_uid, void *error);

/* Of `kind`, beside enum fwupd_kind: an installation from descriptors; a description. */
enum { FWUPD_BUNDLE = FWUPD_INSTALL + 1, FWUPD_DESCRIBE };
/* a{sv}; what is not known, or not for this caller, is refused, since it may matter to him. Texts
 * are borrowed from the message. */
MUST_USE int fwupd_options_read(struct sd_bus_message *m, unsigned kind, enum fwupd_caller caller,
				struct fwupd_options *ret, void *error);
/* Answers that the option does not take what was given for it; its errno. */
int fwupd_bad_option(void *error, const char *name);

/* org.ocfgw.Firmware1.Error.ManifestSignatureInvalid */
void fwupd_error_name(enum fw_error e, char ret[FWUPD_ERROR_ROOM]);
/* Answers with that error; its errno, as methods of sd-bus return it. */
int fwupd_refuse(void *error, enum fw_error e, const char *text);
