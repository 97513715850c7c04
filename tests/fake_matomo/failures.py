"""What the API says instead of an answer: usually HTTP 200 with `result: error`, sometimes 401."""


class ApiError(Exception):
    """A call that is refused; the message goes to the client."""


class NoAccessError(ApiError):
    """A call that the token has no right to: asked alone, it is answered with 401."""


def no_access(kind: str, site: int) -> ApiError:
    """A token without the right to a site."""
    return NoAccessError(f"You can't access this resource as it requires '{kind}' access for the website id = {site}.")


def no_method(module: str, method: str) -> ApiError:
    """A method that does not exist, or that the token may not call: the server does not tell which."""
    return ApiError(f"The method '{method[:60]}' does not exist or is not available in the module '{module[:60]}'.")


def no_site(text: str) -> ApiError:
    """A site that does not exist."""
    return ApiError(f"An unexpected website was found in the request: website id was set to '{text[:20]}' .")


def missing(name: str) -> ApiError:
    """A parameter that is left out."""
    return ApiError(f"Please specify a value for '{name}'.")
