"""The texts of mails about accounts. `link` is where to go, or a code to paste where no front end is known."""

from __future__ import annotations

from app.mail.letters import Mail, link

_SIGNED = "\n\nIf this was not you, ignore this mail: nothing happens without the link.\n"


def confirmation(web_url: str, to: str, token: str) -> Mail:
    """Asks to confirm that mail to an address arrives."""
    where = link(web_url, "confirm-email", token)
    text = f"Confirm that this is your address, within three days:\n\n{where}{_SIGNED}"
    return Mail(to, "Confirm your address", text)


def address_taken(web_url: str, to: str) -> Mail:
    """To whoever signs up with the address of an account: the page they used told them nothing."""
    text = (
        "Somebody, perhaps you, tried to make an account with this address. There is one already: sign in, or ask for "
        f"a new password.\n\n{web_url}\n\nIf this was not you, there is nothing to do.\n"
    )
    return Mail(to, "You have an account already", text)


def reset(web_url: str, to: str, token: str) -> Mail:
    """The way to a new password."""
    where = link(web_url, "reset-password", token)
    return Mail(to, "Set a new password", f"Set a new password, within an hour:\n\n{where}{_SIGNED}")


def password_changed(to: str) -> Mail:
    """After the fact, in case it was somebody else."""
    text = (
        "The password of your account was changed, and other sessions were ended. If this was not you, ask for a new "
        "password at once, and look at your sessions.\n"
    )
    return Mail(to, "Your password was changed", text)


def change_of_address(web_url: str, to: str, token: str) -> Mail:
    """To a new address: confirm it."""
    where = link(web_url, "change-email", token)
    text = f"Make this the address of your account, within an hour:\n\n{where}{_SIGNED}"
    return Mail(to, "Confirm your new address", text)


def change_asked(to: str) -> Mail:
    """To the old address, while nothing has changed yet."""
    text = (
        "Somebody who knows your password asked to move your account to another address. Nothing has changed yet. If "
        "this was not you, change your password now.\n"
    )
    return Mail(to, "A change of your address was asked for", text)


def address_changed(to: str) -> Mail:
    """To the old address, after the change."""
    return Mail(
        to, "Your address was changed", "Your account has another address now. Mail no longer comes here.\n"
    )
