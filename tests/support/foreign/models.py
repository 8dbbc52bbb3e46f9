"""Users as projects have them: as bare as Django allows, known by a text, and as the administration can know them."""

import uuid
from itertools import count

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class People(BaseUserManager["Person"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Person":
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class Person(AbstractBaseUser):
    """No permissions, no staff, no `is_active` to be stored."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)

    people = People()

    USERNAME_FIELD = "email"


numbers = count()


def next_handle() -> str:
    """Each is within the next, for who looks at words alone."""
    return "a " * next(numbers) + 'O\'Hara\\ "x" & !@example'


class Tenant(AbstractBaseUser):
    handle = models.CharField(max_length=50, primary_key=True, default=next_handle)
    email = models.EmailField(unique=True)

    people = People()

    USERNAME_FIELD = "email"


class Member(AbstractBaseUser, PermissionsMixin):
    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    phone = models.CharField(max_length=30)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    people = People()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["phone"]
