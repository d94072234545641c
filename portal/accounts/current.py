"""The signed-in person, typed. Views behind @allow can rely on it being a user."""

from typing import cast

import flask_login

from portal.accounts.models import User

current_user = cast(User, flask_login.current_user)
