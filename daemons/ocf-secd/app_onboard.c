/* How, and when, the device takes an owner. */
#include "app_parts.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "fixed_pin.h"

/* ---- transfer methods ---- */

/* Is the library that we run on older than the distribution's? The private copy carries the date
 * of the source it was built from, as packages do. */
static bool gnutls_is_old(const char *library)
{
	const char *path = strchr(library, ' ');
	struct stat ours, theirs;

	return path && stat(path + 1, &ours) == 0 && stat(SYSTEM_GNUTLS, &theirs) == 0 &&
	       ours.st_mtime < theirs.st_mtime;
}

static const char *fixed_pin_problem(struct app *a)
{
	if (!a->config->fixed_pin_file[0])
		return "FixedPinFile= is not set";
	switch (fixed_pin_load(a->config->fixed_pin_file, a->info.fixed_pin)) {
	case 0:
		return NULL;
	case -EACCES:
		return "FixedPinFile= must be readable for us and closed to others";
	case -EINVAL:
		return "FixedPinFile= must hold 8 to 32 letters and digits";
	default:
		return "FixedPinFile= cannot be read";
	}
}

static const char *factory_fault(int r, const char *why)
{
	switch (-r) {
	case ENOENT:
		return "there are no credentials of the factory";
	case EINVAL:
		return why;
	case EACCES:
		return "the factory's files must be readable for us, its key closed to others";
	default:
		return "the factory's files cannot be read";
	}
}

static void load_factory(struct app *a)
{
	const char *why = NULL;
	int r = factory_load(&a->factory, a->config->factory_dir, &why);

	a->factory_absent = r == -ENOENT;
	if (r < 0) {
		a->factory_problem = factory_fault(r, why);
		return;
	}
	a->info.factory = a->factory.creds;
	a->info.n_factory = a->factory.n;
}

static const char *certificate_problem(const struct app *a)
{
	if (a->factory_problem)
		return a->factory_problem;
	return a->config->owner_certificate && a->factory.n < 2
		       ? "RequireOwnerCertificate= needs CA certificates in trust.pem"
		       : NULL;
}

bool app_expects_method(const struct app *a, enum oxm oxm)
{
	return oxm != OXM_MFG_CERT || !a->factory_absent || !config_methods_default(a->config);
}

/* NULL: it is usable here; else what is missing. */
static const char *method_problem(struct app *a, enum oxm oxm)
{
	if (oxm == OXM_JUST_WORKS && !dtls_caps()->anon)
		return "this GnuTLS lacks suite ff00";
	if (oxm == OXM_MFG_CERT)
		return certificate_problem(a);
	if (oxm == OXM_FIXED_PIN)
		return fixed_pin_problem(a);
	return NULL;
}

/* CR 2640: one of the standard's must be among them. */
static bool has_standard_method(const struct device_info *info)
{
	for (size_t i = 0; i < info->n_oxms; i++)
		if (info->oxms[i] < OXM_VENDOR)
			return true;
	return false;
}

void app_choose_methods(struct app *a)
{
	enum oxm wanted[SVR_OXMS_MAX];
	size_t n = config_methods(a->config, wanted);

	load_factory(a);
	for (size_t i = 0; i < n; i++) {
		const char *problem = method_problem(a, wanted[i]);

		if (problem && !app_expects_method(a, wanted[i]))
			continue;
		if (problem)
			log_warning("device: %s is not offered: %s library=%s", oxm_name(wanted[i]),
				    problem, dtls_caps()->library);
		else
			a->info.oxms[a->info.n_oxms++] = wanted[i];
	}
	if (!has_standard_method(&a->info)) {
		a->info.n_oxms = 0;
		log_error("device: no owner transfer method is usable, staying silent: install "
			  "the private GnuTLS or add random-pin to OwnerTransferMethods=");
	}
	a->gnutls_old = gnutls_is_old(dtls_caps()->library);
	if (a->gnutls_old)
		log_warning("dtls: private GnuTLS is older than the system's, rebuild it "
			    "library=%s",
			    dtls_caps()->library);
}

/* ---- the window ---- */

static int on_window_over(void *arg)
{
	app_window_close(arg);
	return 0;
}

int app_window_start(struct app *a)
{
	a->info.window_closed = !config_always_open(a->config);
	return loop_timer_new(&a->window_timer, a->loop, on_window_over, a);
}

void app_window_open(struct app *a, uint64_t for_us)
{
	a->info.window_closed = false;
	loop_timer_set(a->window_timer, clock_monotonic_us() + for_us);
	log_info("device: onboarding window is open seconds=%u", (unsigned)(for_us / USEC_PER_SEC));
	app_bus_update(a);
}

void app_window_close(struct app *a)
{
	if (a->info.window_closed)
		return;
	a->info.window_closed = true;
	loop_timer_set(a->window_timer, NEVER_US);
	log_info("device: onboarding window is closed");
	(void)app_event(a, EV_WINDOW_CLOSED, 0); /* nothing is stored in RFOTM */
	app_bus_update(a);
}
