"""Forms for accounts and people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import SetPasswordForm, UsernameField
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from destinations_ui.accounts import people, preferences, roles
from destinations_ui.accounts.models import Preferences, Theme
from destinations_ui.accounts.roles import Role

if TYPE_CHECKING:
    SetPasswordFormBase = SetPasswordForm[User]
else:
    SetPasswordFormBase = SetPasswordForm

INPUT = {"class": "input"}
NO_SUCH_ZONE = "Choose a time zone from the list."
NO_SUCH_THEME = "Choose a theme from the list."

#: Control characters, and those that change the direction of a text and so can make it read as another one.
UNPRINTABLE = RegexValidator(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]",
    "This holds a line break or a control character. Type it again.",
    inverse_match=True,
)


class ErrorSummary:
    """What ``components/_error_summary.html`` shows of a form."""

    @property
    def problems(self: Any) -> list[dict[str, str]]:
        """Return each message with the id of its input."""
        return [
            {"message": message, "anchor": self[name].auto_id}
            for name in self.fields
            for message in self.errors.get(name, [])
        ]


def name_field() -> forms.CharField:
    return forms.CharField(
        label="Name",
        required=False,
        max_length=150,
        validators=[UNPRINTABLE],
        widget=forms.TextInput(INPUT | {"autocomplete": "name", "spellcheck": "false"}),
        error_messages={"max_length": "Enter at most 150 characters."},
    )


def password_field(label: str, autocomplete: str, help_text: str = "", missing: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        widget=forms.PasswordInput(INPUT | {"autocomplete": autocomplete}),
        help_text=help_text,
        error_messages={"required": missing},
    )


class NameForm(ErrorSummary, forms.Form):
    """A user's own name."""

    name = name_field()


class NewPasswordForm(ErrorSummary, SetPasswordFormBase):
    """A new password, twice."""

    error_messages = {"password_mismatch": "The two passwords don’t match. Enter the same one twice."}

    new_password1 = password_field(
        "New password", "new-password", "At least 12 characters, and not only digits.", "Enter a new password."
    )
    new_password2 = password_field("New password again", "new-password", missing="Enter the new password again.")

    def clean(self) -> dict[str, Any]:
        """Report a weak password at the first of the two fields."""
        self.validate_passwords("new_password1", "new_password2")
        self.validate_password_for_user(self.user, "new_password1")
        return self.cleaned_data


class PasswordForm(NewPasswordForm):
    """A user's own new password, with the current one."""

    old_password = password_field("Current password", "current-password", missing="Enter your current password.")
    field_order = ["old_password", "new_password1", "new_password2"]

    def __init__(self, request: HttpRequest, user: User, data: Any = None) -> None:
        self.request = request
        super().__init__(user, data)

    @sensitive_variables()
    def clean_old_password(self) -> str:
        """Check the current password as sign-in does, so that wrong ones count towards the lock-out."""
        password: str = self.cleaned_data["old_password"]
        if not authenticate(self.request, username=self.user.get_username(), password=password):
            raise ValidationError("This isn’t your current password. Enter it again.")
        return password


class TimeZoneSelect(forms.TextInput):
    """A list of time zones in one template pass: a widget of Django renders a template for each option."""

    template_name = "accounts/_time_zone_select.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Add the zones."""
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"zones": preferences.zones_to_choose(), "browser": Preferences.BROWSER}
        return context


class PreferencesForm(ErrorSummary, forms.Form):
    """Time zone and theme."""

    time_zone = forms.CharField(
        label="Time zone",
        max_length=64,
        widget=TimeZoneSelect(INPUT),
        help_text="Times are in UTC, with this zone’s time beside them.",
        error_messages={"required": NO_SUCH_ZONE, "max_length": NO_SUCH_ZONE},
    )
    theme = forms.ChoiceField(
        label="Theme",
        choices=Theme.choices,
        widget=forms.RadioSelect,
        error_messages={"required": NO_SUCH_THEME, "invalid_choice": NO_SUCH_THEME},
    )

    def clean_time_zone(self) -> str:
        """Refuse a name that is no zone's."""
        name: str = self.cleaned_data["time_zone"]
        if name != Preferences.BROWSER and name not in preferences.known_zones():
            raise ValidationError(NO_SUCH_ZONE)
        return name


class RoleForm(ErrorSummary, forms.Form):
    """A role."""

    role = forms.ChoiceField(
        choices=[(role.group, role.name) for role in roles.ROLES],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a role.", "invalid_choice": "Choose a role from the list."},
    )

    def clean_role(self) -> Role:
        """Return the role itself."""
        return roles.BY_GROUP[self.cleaned_data["role"]]


class PersonForm(RoleForm):
    """A new user."""

    username = UsernameField(
        label="User name",
        max_length=150,
        validators=[UnicodeUsernameValidator(message="Use letters, digits and @ . + - _ only.")],
        widget=forms.TextInput(INPUT | {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="This is what they sign in with.",
        error_messages={"required": "Enter a user name.", "max_length": "Enter at most 150 characters."},
    )
    name = name_field()
    field_order = ["username", "name", "role"]

    def clean_username(self) -> str:
        """Refuse a user name that differs from another only in case."""
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError(people.TAKEN)
        return username


class SearchForm(forms.Form):
    """The search of the list of people."""

    q = forms.CharField(label="Search", required=False, max_length=150, widget=forms.SearchInput(INPUT))
